"""Answers as a hub gives them, to be changed a little by the tests."""

from __future__ import annotations

from typing import Any

ID = "01a204d1-382c-7601-9a4a-659f913aebb6"


def generation(status: str = "succeeded", **changes: Any) -> dict[str, Any]:
    ended = status not in ("queued", "running")
    return {
        "id": ID,
        "kind": "text",
        "model": "gemini-3.8-flash",
        "status": status,
        "parameters": {"max_output_tokens": 400},
        "tags": ["campaign-7"],
        "prompt": "The sea, told to nobody.",
        "estimate_usd": "0.0018",
        "cost_usd": "0.00034" if ended else None,
        "usage": {"input_token": 9, "output_token": 74},
        "inputs": [],
        "outputs": [{"text": "The sea."}] if status == "succeeded" else [],
        "error": None,
        "attempts": 1,
        "queue_position": None,
        "created_at": "2026-11-22T19:41:00.120000Z",
        "started_at": "2026-11-22T19:41:00.180000Z",
        "finished_at": "2026-11-22T19:41:01.950000Z" if ended else None,
        "texts_purged_at": None,
        "links": {
            "self": f"http://hub/api/v1/generations/{ID}",
            "cancel": f"http://hub/api/v1/generations/{ID}/cancel",
        },
        **changes,
    }


def media(content: bytes, sha256: str, **changes: Any) -> dict[str, Any]:
    return {
        "id": ID,
        "source": "generated",
        "kind": "video",
        "mime_type": "video/mp4",
        "bytes": len(content),
        "sha256": sha256,
        "width": 64,
        "height": 48,
        "duration_seconds": 2.0,
        "generation_id": ID,
        "url": f"http://hub/api/v1/media/{ID}/content",
        "created_at": "2026-11-22T19:41:00.120000Z",
        "expires_at": None,
        **changes,
    }


def privacy_request(archived: bytes | None = None, sha256: str = "", **changes: Any) -> dict[str, Any]:
    """An export: done with this ZIP, or still running."""
    url = f"http://hub/api/v1/me/privacy-requests/{ID}/content"
    archive = {"bytes": len(archived or b""), "sha256": sha256, "expires_at": "2026-11-29T19:42:00Z", "url": url}
    done = archived is not None
    return {
        "id": ID,
        "kind": "export",
        "status": "done" if done else "running",
        "blocked_by": [],
        "counts": {"generations": 12} if done else {},
        "archive": archive if done else None,
        "receipt": None,
        "created_at": "2026-11-22T19:41:40Z",
        "finished_at": "2026-11-22T19:42:00Z" if done else None,
        "verified_at": None,
        **changes,
    }
