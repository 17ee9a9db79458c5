"""The settings of the site."""

import pytest

from bachbot.errors import UsageError
from bachbot.listening.site.site_context import SiteSettings


def test_settings():
    assert SiteSettings(public_url="https://a.example:8443/").host == "a.example:8443"
    assert SiteSettings(public_url="https://a.example").https
    assert not SiteSettings(public_url="http://a.example").https
    for wrong in (
        {"per_participant": 4},
        {"per_participant": 11},
        {"min_heard": 0},
        {"admin_token": "x" * 15},
        {"public_url": "http://[::1"},
        {"public_url": "http://a.example:99999"},
        {"public_url": "http://:80"},
        {"trusted_proxies": ("localhost",)},
        {"trusted_proxies": ("10.0.0.1/8",)},
    ):
        with pytest.raises(UsageError):
            SiteSettings(**wrong)
