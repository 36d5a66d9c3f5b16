"""--adapter FILE: conformance of that adapter alone."""


def pytest_addoption(parser):
    parser.addoption("--adapter", action="append", default=[], metavar="FILE",
                     help="an adapter's file (.py, or a program); repeat it for more")
