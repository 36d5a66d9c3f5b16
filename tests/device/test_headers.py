"""The public headers compile alone, as the oldest language they promise, without a warning."""
import os, subprocess
import pytest

SOURCE = os.environ.get("HONE_SOURCE_DIR", os.getcwd())
STRICT = ["-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Werror", "-fsyntax-only",
          f"-I{SOURCE}/include"]


@pytest.mark.parametrize("compiler,flags,header", [
    ("cc", ["-xc", "-std=c99"], "hone/hone.h"),
    ("c++", ["-xc++", "-std=c++11"], "hone/hone.h"),
    ("c++", ["-xc++", "-std=c++17", "-fno-exceptions", "-fno-rtti"], "hone/hone.hpp"),
    ("cc", ["-xc", "-std=c99"], "hone/plugin.h"),
    ("c++", ["-xc++", "-std=c++11"], "hone/plugin.h"),
])
def test_compiles_alone(compiler, flags, header):
    r = subprocess.run([compiler, *flags, *STRICT, "-"], input=f'#include "{header}"\n', text=True,
                       capture_output=True)
    assert r.returncode == 0, r.stderr
