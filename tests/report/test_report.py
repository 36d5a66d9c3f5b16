"""report.html as a browser shows it: headless Chromium, no network, no error, phone, dark, paper."""
import base64
import hashlib
import json
import os
import pathlib
import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import samples  # noqa: E402

HONE = os.path.abspath(os.environ.get("HONE", "build/release/hone"))
PAGES = {"full": lambda: [samples.full()], "rate": lambda: [samples.full(rate=True)],
         "sparse": lambda: [samples.sparse()], "hostile": lambda: [samples.hostile()],
         "several": samples.several, "over_time": samples.history}


def hone(*args, **more):
    return subprocess.run([HONE, *map(str, args)], capture_output=True, text=True, timeout=120, **more)


def write(folder, reports):
    files = []
    for i, report in enumerate(reports):
        files.append(folder / f"{i:02d}.report.json")
        files[-1].write_text(json.dumps(report))
    return files


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    made = {}
    for name, reports in PAGES.items():
        folder = tmp_path_factory.mktemp(name)
        r = hone("report", *write(folder, reports()), "-o", folder / "report.html")
        assert r.returncode == 0, r.stderr
        made[name] = folder / "report.html"
    return made


# Without a browser.

@pytest.mark.parametrize("name", PAGES)
def test_is_well_formed(pages, name):
    root = ElementTree.fromstring(pages[name].read_text())
    ids = [e.get("id") for e in root.iter() if e.get("id")]
    assert len(ids) == len(set(ids))
    levels = [int(e.tag[1]) for e in root.iter() if re.fullmatch("h[1-6]", e.tag)]
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(b <= a + 1 for a, b in zip(levels, levels[1:])), "a level of headings is left out"
    for svg in root.iter("svg"):
        if svg.get("role") == "img":
            assert svg.get("aria-label")


@pytest.mark.parametrize("name", PAGES)
def test_refers_to_nothing_outside(pages, name):
    text = pages[name].read_text()
    root = ElementTree.fromstring(text)
    for e in root.iter():
        assert e.tag not in ("link", "img", "iframe", "object", "embed", "base", "form"), e.tag
        for key, value in e.attrib.items():
            assert not key.startswith("on"), (e.tag, key)
            assert key not in ("src", "srcset", "action"), (e.tag, key)
            assert key != "href" or value.startswith("#"), value
    style = root.find("head/style").text
    assert "url(" not in style and "@import" not in style
    assert len(list(root.iter("script"))) == 1


def test_policy_allows_the_one_script(pages):
    root = ElementTree.fromstring(pages["full"].read_text())
    digest = base64.b64encode(hashlib.sha256(root.find("body/script").text.encode()).digest()).decode()
    policy = root.find("head/meta[@http-equiv]").get("content")
    assert f"'sha256-{digest}'" in policy, f"script_hash in src/ship/report/script.cc should be {digest}"
    assert "default-src 'none'" in policy


def test_says_why_at_once(pages):
    text = "".join(ElementTree.fromstring(pages["full"].read_text()).find("body").itertext())
    assert text.index("NO SHIP") < text.index("capture-to-result p95") < text.index("class 'Shirt'") < text.index("Gate")
    assert "drop 3.10 points, limit 1.00 points (95 % interval 2.55 to 3.95)" in text
    for command in samples.full()["commands"]:
        assert command in text


def test_same_input_same_bytes(tmp_path):
    files = write(tmp_path, [samples.full()])
    first, second = (hone("report", *files, "-o", "-") for _ in range(2))
    assert first.returncode == 0 and first.stdout == second.stdout and "<!DOCTYPE html>" in first.stdout


def test_json_and_table(tmp_path):
    files = write(tmp_path, samples.history(3))
    r = hone("report", *files, "-o", tmp_path / "r.html", "--json", "-")
    found = json.loads(r.stdout)
    assert found["schema"] == 1 and len(found["runs"]) == 3
    assert found["runs"][1]["changes"] == [] and "engine" in found["runs"][2]["changes"][0]
    assert (tmp_path / "r.html").exists()
    table = hone("report", *files, "-o", tmp_path / "r.html").stdout
    assert "fashion for local" in table and "NO SHIP" in table


def test_refuses_what_is_no_report(tmp_path):
    bad = {"deep": "[" * 300000, "objects": '{"a":' * 100000, "empty": "", "list": "[1,2]",
           "half": json.dumps(samples.full())[:4000], "types": '{"schema":1,"stages":3,"verdict":[]}',
           "page": "<html></html>"}
    for name, text in bad.items():
        (tmp_path / name).write_text(text)
        r = hone("report", tmp_path / name, "-o", tmp_path / "r.html")
        assert r.returncode == 2, (name, r)
        assert r.stderr == f"error: {tmp_path / name}: not a report of hone ship\n"
        assert r.stdout == "" and not (tmp_path / "r.html").exists()


def strange(v, depth=0):
    """The same report with every leaf replaced, in turn, by what nobody writes."""
    if isinstance(v, dict):
        for key in v:
            for x in strange(v[key], depth + 1):
                yield {**v, key: x}
    elif isinstance(v, list) and v:
        for x in strange(v[0], depth + 1):
            yield [x, *v[1:]]
    if depth > 1:
        yield from (1e308, -1, [], {"a": [[]]})


def test_any_field_may_be_anything(tmp_path):
    """The unit test goes through all of them in process; a few by the program that users run."""
    every = list(strange(samples.sparse()))
    files = write(tmp_path, every[::max(1, len(every) // 40)])
    r = hone("report", *files, "-o", tmp_path / "r.html")
    assert r.returncode == 0, r.stderr
    ElementTree.fromstring((tmp_path / "r.html").read_text())


def test_history_of_a_folder(tmp_path):
    r = hone("report", tmp_path, "-o", tmp_path / "r.html")
    assert r.returncode == 2 and "no history yet; hone ship keeps one" in r.stderr
    (tmp_path / "history.db").write_bytes(b"x" * 4096)
    r = hone("report", tmp_path, "-o", tmp_path / "r.html")
    assert r.returncode == 2 and r.stderr.count("\n") == 1 and "damaged" in r.stderr


# In a browser.

@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("width, dark", [(1280, False), (1280, True), (360, False)])
def test_shows(browser, pages, name, width, dark):
    browser.open(pages[name], width=width, dark=dark)
    assert browser.complaints() == []
    assert browser.requests() == [f"file://{pages[name]}"]
    assert browser.value("document.documentElement.scrollWidth") <= width
    # Nothing but a table, which scrolls by itself, may be wider than the page.
    wide = browser.value(f"""Array.from(document.querySelectorAll('body *')).filter(e =>
        !e.closest('.scroll') && !e.closest('svg') && e.getBoundingClientRect().right > {width} + 1)
        .map(e => e.outerHTML.slice(0, 80))""")
    assert wide == []
    background = browser.value("getComputedStyle(document.body).backgroundColor")
    assert (sum(map(int, re.findall(r"\d+", background))) < 150) == dark, background
    assert browser.value("document.title").startswith(("NO SHIP", "SHIP", "Runs"))
    if name == "hostile":
        assert browser.value("document.querySelectorAll('img').length") == 0


def test_marks_stay_in_the_picture(browser, pages):
    """Charts' labels on a phone: inside the page, none over another."""
    browser.open(pages["full"], width=360)
    boxes = browser.value("""Array.from(document.querySelectorAll('#latency .chart .lane')).map(t => {
        const b = t.getBoundingClientRect(); return [b.left, b.right, b.top, b.bottom]})""")
    assert len(boxes) >= 6
    for left, right, _, _ in boxes:
        assert 0 <= left and right <= 360
    for i, a in enumerate(boxes):
        for b in boxes[i + 1:]:
            apart = a[1] <= b[0] or b[1] <= a[0] or a[3] <= b[2] + 3 or b[3] <= a[2] + 3
            assert apart, (a, b)


def test_sorts_by_a_column(browser, pages):
    browser.open(pages["full"])
    us = """Array.from(document.querySelector('#layers table').tBodies[0].rows).map(
        r => parseFloat(r.cells[3].dataset.sort))"""
    press = "document.querySelectorAll('#layers th button')[{}].click()"
    slowest = browser.value(us)
    assert slowest == sorted(slowest, reverse=True)
    browser.value(press.format(1))
    browser.value(press.format(1))
    steps = browser.value("""Array.from(document.querySelector('#layers table').tBodies[0].rows).map(
        r => parseInt(r.cells[1].textContent))""")
    assert steps == sorted(steps) and len(steps) == 34
    browser.value(press.format(3))
    assert browser.value(us) == slowest
    assert browser.complaints() == []


def luminance(colour):
    parts = [int(x) / 255 for x in re.findall(r"\d+", colour)[:3]]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("dark", [False, True])
def test_contrast_of_text(browser, pages, dark):
    """WCAG 2 AA: 4.5 between a text and what is behind it."""
    browser.open(pages["full"], dark=dark)
    pairs = browser.value("""Array.from(document.querySelectorAll(
        '.word span, .summary, .note, .badge, .words, .where, .critical, thead th, .tile dt')).map(e => {
        let behind = e;
        while (getComputedStyle(behind).backgroundColor === 'rgba(0, 0, 0, 0)') behind = behind.parentElement;
        return [e.className || e.tagName, getComputedStyle(e).color, getComputedStyle(behind).backgroundColor]})""")
    assert len(pairs) > 20
    for name, ink, paper in pairs:
        light, dim = sorted((luminance(ink), luminance(paper)), reverse=True)
        assert (light + 0.05) / (dim + 0.05) >= 4.5, (name, ink, paper)


def test_prints(browser, pages, tmp_path):
    browser.open(pages["full"], dark=True)
    browser.pdf(tmp_path / "report.pdf")
    data = (tmp_path / "report.pdf").read_bytes()
    assert data.startswith(b"%PDF") and 2 <= len(re.findall(rb"/Type\s*/Page\b", data)) <= 20
    browser.ask("Emulation.setEmulatedMedia", media="print",
                features=[{"name": "prefers-color-scheme", "value": "light"}])
    assert browser.value("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"


@pytest.mark.parametrize("name", [n for n in PAGES if n != "hostile"])  # its kernels' names have no end
def test_nothing_is_cut_off_on_paper(browser, pages, name):
    browser.open(pages[name], width=688)  # A4 less its margins
    browser.ask("Emulation.setEmulatedMedia", media="print")
    assert browser.value("""Array.from(document.querySelectorAll('.scroll'))
        .filter(e => e.scrollWidth > e.clientWidth + 1).map(e => e.ariaLabel)""") == []
