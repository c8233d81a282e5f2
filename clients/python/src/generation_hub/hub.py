"""The hub: the synchronous half."""

from __future__ import annotations

import httpx2

from generation_hub.operations import account, downloads, following, generations, hooks, media, privacy, usage
from generation_hub.options import Options, Polling, Retry, Timeouts, options_of
from generation_hub.sync import Namespace, Runner, call, listed, streamed
from generation_hub.wire import defaults


class Models(Namespace):
    list = listed(generations.models)


class Quotes(Namespace):
    make = call(generations.quote)


class Generations(Namespace):
    submit = call(generations.submit)
    generate = call(generations.generate)
    stream = streamed(following.stream)
    get = call(generations.get)
    wait = call(generations.wait)
    events = streamed(following.events)
    cancel = call(generations.cancel)
    list = listed(generations.list_)


class MediaFiles(Namespace):
    upload = call(media.upload)
    get = call(media.get)
    content = call(media.content)
    download = call(downloads.download)
    delete = call(media.delete)
    list = listed(media.list_)


class Quotas(Namespace):
    list = listed(usage.quotas)


class Usage(Namespace):
    list = listed(usage.list_)
    summary = listed(usage.summary)
    export = call(downloads.export)


class ApiKeys(Namespace):
    create = call(account.create_key)
    get = call(account.get_key)
    rotate = call(account.rotate_key)
    revoke = call(account.revoke_key)
    list = listed(account.list_keys)


class Account(Namespace):
    get = call(account.me)
    export = call(privacy.export)
    erasure = call(privacy.erasure)
    erasure_plan = call(privacy.erasure_plan)


class PrivacyRequests(Namespace):
    get = call(privacy.get)
    content = call(privacy.content)
    download = call(privacy.download)
    list = listed(privacy.list_)


class Audit(Namespace):
    list = listed(account.audit)


class WebhookEndpoints(Namespace):
    create = call(hooks.create_endpoint)
    get = call(hooks.get_endpoint)
    change = call(hooks.change_endpoint)
    rotate_secret = call(hooks.rotate_secret)
    delete = call(hooks.delete_endpoint)
    list = listed(hooks.list_endpoints)


class WebhookDeliveries(Namespace):
    get = call(hooks.get_delivery)
    redeliver = call(hooks.redeliver)
    list = listed(hooks.list_deliveries)


class Hub(Namespace):
    """A hub and one API key. Use it with `with`, or `close` it.

    What is None comes from the environment: AI_GENERATION_HUB_URL, AI_GENERATION_HUB_API_KEY. A `client` of your own
    (for a proxy, or certificates) is not closed with it. It may be used from several threads at once.
    """

    generate = call(generations.generate)
    stream = streamed(following.stream)
    wait = call(generations.wait)
    events = streamed(following.events)
    download = call(downloads.download)

    def __init__(
        self,
        base_url: str | None = None,
        api_key: str | None = None,
        *,
        timeouts: Timeouts | None = None,
        retry: Retry | None = None,
        polling: Polling | None = None,
        client: httpx2.Client | None = None,
    ) -> None:
        options = options_of(base_url, api_key, timeouts, retry, polling)
        self._owns_client = client is None
        super().__init__(Runner(options, client or httpx2.Client(**defaults(options))))
        self.models = Models(self._runner)
        self.quotes = Quotes(self._runner)
        self.generations = Generations(self._runner)
        self.media = MediaFiles(self._runner)
        self.quotas = Quotas(self._runner)
        self.usage = Usage(self._runner)
        self.api_keys = ApiKeys(self._runner)
        self.me = Account(self._runner)
        self.privacy_requests = PrivacyRequests(self._runner)
        self.audit = Audit(self._runner)
        self.webhook_endpoints = WebhookEndpoints(self._runner)
        self.webhook_deliveries = WebhookDeliveries(self._runner)

    @property
    def options(self) -> Options:
        return self._runner.options

    def close(self) -> None:
        if self._owns_client:
            self._runner.client.close()

    def __enter__(self) -> Hub:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Hub({self.options.base_url!r})"
