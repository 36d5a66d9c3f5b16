"""The release build keeps its symbols apart, and the check sees a violation of each kind."""
import os
import subprocess

import check_symbols
import pytest

BUILD = os.environ.get("HONE_BUILD_DIR", "")
RT_ONLY = os.path.join(os.path.dirname(os.path.abspath(__file__)), "rt_only.c")
HEADER = os.path.join(check_symbols.ROOT, "include", "hone", "hone.h")
# Without inlining every template of the standard library is a weak symbol, and sanitizers add
# symbols of their own: only the release build is what ships.
release_only = pytest.mark.skipif(os.environ.get("HONE_BUILD_TYPE") != "Release",
                                  reason="not a release build")


@release_only
def test_isa_objects():
    objects = check_symbols.isa_objects(BUILD)
    problems = [p for isa, path in objects for p in check_symbols.check_isa_object(isa, path)]
    assert not problems, "\n".join(problems)


@release_only
def test_archive():
    problems = check_symbols.check_archive(os.path.join(BUILD, "libhone_rt.a"))
    assert not problems, "\n".join(problems)


@release_only
def test_shared():
    problems = check_symbols.check_shared(os.path.join(BUILD, "libhone_rt.so"))
    assert not problems, "\n".join(problems)


@release_only
@pytest.mark.skipif(not os.path.exists(HEADER), reason="no include/hone/hone.h")
def test_device_only_program(tmp_path):
    program = tmp_path / "rt_only"
    link = subprocess.run(
        ["cc", "-std=c11", "-Wall", "-Wextra", "-Werror", f"-I{check_symbols.ROOT}/include",
         RT_ONLY, os.path.join(BUILD, "libhone_rt.a"), "-lm", "-lpthread", "-o", str(program)],
        capture_output=True, text=True)
    assert link.returncode == 0, link.stderr
    needs = [name.split("@")[0] for _, name in check_symbols.nm(program, "-u")]
    assert not [name for name in needs if check_symbols.FORBIDDEN.match(name)], needs
    ran = subprocess.run([program], capture_output=True, text=True, timeout=60)
    assert ran.returncode == 0, ran.stdout + ran.stderr


def compiled(tmp_path, name, source):
    (tmp_path / f"{name}.cc").write_text(source)
    path = str(tmp_path / f"{name}.cc.o")
    subprocess.run(["c++", "-std=c++20", "-O0", "-c", str(tmp_path / f"{name}.cc"), "-o", path],
                   check=True)
    return path


def test_weak_symbol_is_found(tmp_path):
    good = "namespace hone::gemm::avx2 { inline int F() { return 1; } int G() { return F(); } }"
    assert check_symbols.check_isa_object("avx2", compiled(tmp_path, "avx2", good)) == []
    shared = "namespace hone { inline int F() { return 1; } int G() { return F(); } }"
    assert len(check_symbols.check_isa_object("avx2", compiled(tmp_path, "b", shared))) == 1
    other = compiled(tmp_path, "c", good)
    assert len(check_symbols.check_isa_object("avx512", other)) == 1


@pytest.mark.parametrize("source, needs", [
    ("int* F() { return new int; }", "_Znwm"),
    ("#include <cstdlib>\nvoid* F() { return std::malloc(8); }", "malloc"),
    ("#include <cstdlib>\nextern \"C\" void* hone_default_allocator() { return std::malloc(8); }",
     "malloc"),
    ("void F() { throw 1; }", "__cxa_throw"),
    ("namespace hone::graph { void G(); } void F() { hone::graph::G(); }", "_ZN4hone5graph1GEv"),
])
def test_forbidden_symbol_is_found(tmp_path, source, needs):
    archive = str(tmp_path / "lib.a")
    subprocess.run(["ar", "rcs", archive, compiled(tmp_path, "x", source)], check=True)
    problems = check_symbols.check_archive(archive)
    assert any(f"needs {needs}" in p for p in problems), problems


def test_default_allocator_may_free(tmp_path):
    source = "#include <cstdlib>\nextern \"C\" void hone_default_allocator() { std::free(0); }"
    archive = str(tmp_path / "lib.a")
    subprocess.run(["ar", "rcs", archive, compiled(tmp_path, "x", source)], check=True)
    assert check_symbols.check_archive(archive) == []


def test_foreign_export_is_found(tmp_path):
    library = str(tmp_path / "libx.so")
    (tmp_path / "x.c").write_text("int hone_good(void) { return 1; } int bad(void) { return 2; }\n")
    subprocess.run(["cc", "-shared", "-fPIC", str(tmp_path / "x.c"), "-o", library], check=True)
    problems = check_symbols.check_shared(library)
    assert problems == ["libhone_rt.so exports bad"], problems
