"""Where files may lie, from the environment: here, in an S3 bucket, in a bucket of Google's."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

from hub import env

Options = dict[str, Any]
# Larger pieces of a file that is read are kept on the disk.
MEMORY_BYTES = 1024 * 1024


def media_storages(current: str) -> dict[str, Options]:
    """Django's STORAGES for files: `file`, each store that has a bucket, and `default`, which is `current`.

    Raises ImproperlyConfigured when `current` is none of them.
    """
    found: dict[str, Options] = {"file": {"BACKEND": "django.core.files.storage.FileSystemStorage"}}
    stores: dict[str, tuple[str, Callable[[str], Options]]] = {"s3": ("S3_BUCKET", _s3), "gcs": ("GCS_BUCKET", _gcs)}
    if current not in (*found, *stores):
        raise ImproperlyConfigured(f"MEDIA_STORAGE must be file, s3 or gcs; it is {current!r}.")
    for name, (setting, made) in stores.items():
        bucket = env.text(setting) if name == current else env.optional(setting)
        if bucket:
            found[name] = made(bucket)
    return {**found, "default": found[current]}


def _s3(bucket: str) -> Options:
    """Without keys, boto3 takes those of the machine."""
    options: Options = {
        "bucket_name": bucket,
        "location": env.text("S3_PREFIX", ""),
        "region_name": env.optional("S3_REGION"),
        "endpoint_url": env.optional("S3_ENDPOINT_URL"),
        "addressing_style": env.optional("S3_ADDRESSING_STYLE"),
        "signature_version": "s3v4",
        "max_memory_size": MEMORY_BYTES,
    }
    if env.optional("S3_ACCESS_KEY_ID"):
        keys = {"access_key": env.text("S3_ACCESS_KEY_ID"), "secret_key": env.text("S3_SECRET_ACCESS_KEY")}
        options |= keys
    return {"BACKEND": "storages.backends.s3.S3Storage", "OPTIONS": options}


def _gcs(bucket: str) -> Options:
    """Without a key of a service account, the machine's own credentials; those sign through Google's IAM."""
    options: Options = {
        "bucket_name": bucket,
        "location": env.text("GCS_PREFIX", ""),
        "project_id": env.optional("GCS_PROJECT"),
        "max_memory_size": MEMORY_BYTES,
    }
    key = env.optional("GCS_CREDENTIALS")
    if key:
        options["credentials"] = _service_account(key)
    else:
        options |= {"iam_sign_blob": True, "sa_email": env.optional("GCS_SIGNER_EMAIL")}
    return {"BACKEND": "storages.backends.gcloud.GoogleCloudStorage", "OPTIONS": options}


def _service_account(key: str) -> Any:
    # Imported where a key is set: every process reads the settings, and few need it.
    kind = import_string("google.oauth2.service_account.Credentials")
    try:
        return kind.from_service_account_info(json.loads(key))
    except ValueError as error:
        # The key is a secret: say nothing of it.
        raise ImproperlyConfigured("GCS_CREDENTIALS must be the JSON key of a service account.") from error
