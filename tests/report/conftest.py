"""One headless Chromium for the tests of a file."""
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from browser import CHROMIUM, Browser  # noqa: E402


@pytest.fixture(scope="module")
def browser():
    if CHROMIUM is None:
        pytest.skip("skipped: no chromium")
    b = Browser()
    yield b
    b.close()
