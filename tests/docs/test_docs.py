"""What docs/ says about files is so: they exist, the tables take such lines, nothing is left out."""
import glob
import os
import re

import pytest

SOURCE = os.environ.get("HONE_SOURCE_DIR", os.getcwd())
GUIDES = sorted(glob.glob(f"{SOURCE}/docs/add_*.md"))
PAGES = sorted(glob.glob(f"{SOURCE}/docs/**/*.md", recursive=True)) + [
    f"{SOURCE}/README.md", f"{SOURCE}/bench/README.md", f"{SOURCE}/src/common/wire/FORMAT.md"]
TOP = ("src/", "tests/", "docs/", "examples/", "bench/", "fuzz/", "cmake/", "tools/", "include/")


def read(path):
    with open(path, encoding="utf-8") as f:
        return f.read()


def base(path):
    return os.path.relpath(path, SOURCE)


def named_files(text):
    """Paths in back quotes; those with <placeholders> are nobody's."""
    for quoted in re.findall(r"`([^`\s]+)`", text):
        if quoted.startswith(TOP) and "<" not in quoted:
            yield quoted.rstrip("/")


@pytest.mark.parametrize("page", PAGES, ids=base)
def test_files_named_exist(page):
    text = read(page)
    for path in named_files(text):
        if path.startswith("bench/runs"):
            continue  # written by ./dev bench --save
        assert glob.glob(f"{SOURCE}/{path}"), f"{base(page)} names {path}"
    for target in re.findall(r"\]\(([^)#:]+)\)", text):
        assert os.path.exists(os.path.join(os.path.dirname(page), target)), f"{base(page)}: {target}"


def test_there_is_a_guide_and_a_skeleton_for_each_kind():
    kinds = {"operator", "kernel", "pass", "command"}
    assert {re.sub(r"add_an?_|\.md", "", os.path.basename(g)) for g in GUIDES} == kinds
    for kind in kinds:
        sources = glob.glob(f"{SOURCE}/examples/skeleton_{kind}/*.cc")
        assert any(s.endswith("_test.cc") for s in sources)
        guide = next(g for g in GUIDES if kind in os.path.basename(g))
        for source in sources:
            assert f"docs/{os.path.basename(guide)}" in read(source) or source.endswith("_test.cc")
            assert base(source) in read(guide) or source.endswith("_test.cc")


@pytest.mark.parametrize("guide", GUIDES, ids=base)
def test_at_most_three_files_and_lines_the_tables_take(guide):
    tables = re.findall(r"## Files.*?\n\n((?:\|.*\n)+)", read(guide))
    assert tables, "no table of files"
    for table in tables:
        rows = table.splitlines()[2:]
        assert len(rows) <= 3
        for row in rows:
            path, line = (cell.strip() for cell in row.strip("|").split("|", 1))
            macro = re.search(r"`(HONE_\w+\()[^`]*`", line)
            if not macro:
                continue
            where = re.match(r"`([^`]+)`", path)[1].replace("<family>", "*")
            files = glob.glob(f"{SOURCE}/{where}")
            assert files, where
            for f in files:
                assert re.search("^" + re.escape(macro[1]), read(f), re.M), f"{macro[1]} in {f}"


def test_the_format_describes_the_whole_schema():
    schema = re.sub(r"//[^\n]*", "", read(f"{SOURCE}/src/common/wire/engine.fbs"))
    prose = read(f"{SOURCE}/src/common/wire/FORMAT.md")
    words = set(re.findall(r"\w+", prose))
    blocks = re.findall(r"(table|struct|enum)\s+(\w+)[^{]*\{([^}]*)\}", schema)
    assert len(blocks) > 12
    for kind, name, body in blocks:
        if kind != "enum":
            assert name in words, f"{kind} {name}"
        fields = re.findall(r"(\w+)\s*=" if kind == "enum" else r"(\w+)\s*:", body)
        assert fields, name
        for field in fields:
            assert field in words, f"{name}.{field}"
    identifier = re.search(r'file_identifier "(\w+)"', schema)[1]
    assert identifier in words
