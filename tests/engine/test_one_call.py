"""The functions of one call say in their help what they add to a method, and where the rest is."""

import inspect
import re

import pytest

import bachbot

NAMES = ["harmonize", "realize", "slideshow", "mood", "compose"]


@pytest.mark.parametrize("name", NAMES)
def test_help_says_every_parameter_or_names_the_method_that_does(name):
    function, method = getattr(bachbot, name), getattr(bachbot.Engine, name)
    own = inspect.getdoc(function)
    assert f"help(bachbot.Engine.{name})" in own
    told = "\n".join([own, inspect.getdoc(method), inspect.getdoc(bachbot.Engine.load)])
    for parameter in inspect.signature(function).parameters:
        assert re.search(rf"\b{parameter}\b", told), parameter
    # What the method does not have is told here, and both have the same defaults.
    taken = inspect.signature(method).parameters
    for parameter, mine in inspect.signature(function).parameters.items():
        if parameter not in taken:
            assert re.search(rf"\b{parameter}\b", own), parameter
        else:
            assert mine.default == taken[parameter].default, parameter
