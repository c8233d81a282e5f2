"""The hub, awaited: the asynchronous half."""

from __future__ import annotations

import httpx2

from generation_hub.aio import AsyncNamespace, AsyncRunner, acall, alisted, astreamed
from generation_hub.operations import account, downloads, following, generations, hooks, media, privacy, usage
from generation_hub.options import Options, Polling, Retry, Timeouts, options_of
from generation_hub.wire import defaults


class AsyncModels(AsyncNamespace):
    list = alisted(generations.models)


class AsyncQuotes(AsyncNamespace):
    make = acall(generations.quote)


class AsyncGenerations(AsyncNamespace):
    submit = acall(generations.submit)
    generate = acall(generations.generate)
    stream = astreamed(following.stream)
    get = acall(generations.get)
    wait = acall(generations.wait)
    events = astreamed(following.events)
    cancel = acall(generations.cancel)
    list = alisted(generations.list_)


class AsyncMediaFiles(AsyncNamespace):
    upload = acall(media.upload)
    get = acall(media.get)
    content = acall(media.content)
    download = acall(downloads.download)
    delete = acall(media.delete)
    list = alisted(media.list_)


class AsyncQuotas(AsyncNamespace):
    list = alisted(usage.quotas)


class AsyncUsage(AsyncNamespace):
    list = alisted(usage.list_)
    summary = alisted(usage.summary)
    export = acall(downloads.export)


class AsyncApiKeys(AsyncNamespace):
    create = acall(account.create_key)
    get = acall(account.get_key)
    rotate = acall(account.rotate_key)
    revoke = acall(account.revoke_key)
    list = alisted(account.list_keys)


class AsyncAccount(AsyncNamespace):
    get = acall(account.me)
    export = acall(privacy.export)
    erasure = acall(privacy.erasure)
    erasure_plan = acall(privacy.erasure_plan)


class AsyncPrivacyRequests(AsyncNamespace):
    get = acall(privacy.get)
    content = acall(privacy.content)
    download = acall(privacy.download)
    list = alisted(privacy.list_)


class AsyncAudit(AsyncNamespace):
    list = alisted(account.audit)


class AsyncWebhookEndpoints(AsyncNamespace):
    create = acall(hooks.create_endpoint)
    get = acall(hooks.get_endpoint)
    change = acall(hooks.change_endpoint)
    rotate_secret = acall(hooks.rotate_secret)
    delete = acall(hooks.delete_endpoint)
    list = alisted(hooks.list_endpoints)


class AsyncWebhookDeliveries(AsyncNamespace):
    get = acall(hooks.get_delivery)
    redeliver = acall(hooks.redeliver)
    list = alisted(hooks.list_deliveries)


class AsyncHub(AsyncNamespace):
    """A hub and one API key. Use it with `async with`, or `aclose` it.

    What is None comes from the environment: AI_GENERATION_HUB_URL, AI_GENERATION_HUB_API_KEY. A `client` of your own
    (for a proxy, or certificates) is not closed with it. It belongs to one event loop.
    """

    generate = acall(generations.generate)
    stream = astreamed(following.stream)
    wait = acall(generations.wait)
    events = astreamed(following.events)
    download = acall(downloads.download)

    def __init__(
        self,
        base_url: str | None = None,
        api_key: str | None = None,
        *,
        timeouts: Timeouts | None = None,
        retry: Retry | None = None,
        polling: Polling | None = None,
        client: httpx2.AsyncClient | None = None,
    ) -> None:
        options = options_of(base_url, api_key, timeouts, retry, polling)
        self._owns_client = client is None
        super().__init__(AsyncRunner(options, client or httpx2.AsyncClient(**defaults(options))))
        self.models = AsyncModels(self._runner)
        self.quotes = AsyncQuotes(self._runner)
        self.generations = AsyncGenerations(self._runner)
        self.media = AsyncMediaFiles(self._runner)
        self.quotas = AsyncQuotas(self._runner)
        self.usage = AsyncUsage(self._runner)
        self.api_keys = AsyncApiKeys(self._runner)
        self.me = AsyncAccount(self._runner)
        self.privacy_requests = AsyncPrivacyRequests(self._runner)
        self.audit = AsyncAudit(self._runner)
        self.webhook_endpoints = AsyncWebhookEndpoints(self._runner)
        self.webhook_deliveries = AsyncWebhookDeliveries(self._runner)

    @property
    def options(self) -> Options:
        return self._runner.options

    async def aclose(self) -> None:
        if self._owns_client:
            await self._runner.client.aclose()

    async def __aenter__(self) -> AsyncHub:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    def __repr__(self) -> str:
        return f"AsyncHub({self.options.base_url!r})"
