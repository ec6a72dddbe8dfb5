"""Mistakes in a provider's settings are told with their place in the file, all of them."""

import pytest

from taskfit.assembly import plugin_settings
from taskfit.config import InvalidConfig, parse


@pytest.mark.parametrize("api", ["openai", "anthropic", "gemini"])
@pytest.mark.parametrize(
    "setting", ['url: "ftp://x"', 'url: "http://u:p@host/v1"', 'proxy: "socks5://h:1"', "headers: {host: x}"]
)
def test_an_address_or_header_that_cannot_be_used_is_a_complaint_with_its_line(api: str, setting: str) -> None:
    provider = f"{{api: {api}, key: k, {setting}}}"
    text = f"providers:\n  one: {provider}\n  two: {provider}\nmodels: {{a: one/x, b: two/x}}\n"
    with pytest.raises(InvalidConfig) as caught:
        parse(text, file="taskfit.yaml", kinds=plugin_settings("providers"), checks=plugin_settings("checks"), environ={})
    places = [(complaint.line, complaint.path) for complaint in caught.value.complaints]
    assert places == [(2, "providers.one"), (3, "providers.two")]
    assert "u:p@" not in str(caught.value)
