"""What the report shows of personal data, from the manifest."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

POLICIES = ("placeholder", "pseudonym", "fake", "keep")


def policy_rows(manifest: Mapping[str, Any]) -> list[tuple[str, list[int]]]:
    """(type, spans by each of `POLICIES`) in the shards, by the manifest; nothing where only placeholders were used."""
    spans: Mapping[str, Mapping[str, int]] = manifest.get("privacy", {}).get("spans", {})
    if all(set(found) <= {"placeholder"} for found in spans.values()):
        return []
    return [(name, [found.get(policy, 0) for policy in POLICIES]) for name, found in sorted(spans.items())]
