"""The control group: a share of the people who could have been sent to, drawn by hash, the same in every run."""

import hashlib

from mandegar.campaigns.spec import Campaign

RANGE = 1 << 64


def is_held_out(campaign: Campaign, person_key: str) -> bool:
    """Whether a person belongs to the campaign's control group. Depends on nothing but campaign, salt and person."""
    digest = hashlib.sha256(f"{campaign.id}|{campaign.control.salt}|{person_key}".encode()).digest()
    return int.from_bytes(digest[:8], "big") < campaign.control.share * RANGE
