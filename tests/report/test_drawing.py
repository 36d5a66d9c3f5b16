"""The page of `hone inspect --html` as a browser shows it: no network, no error, nodes that can be chosen, found
and reached by keys; hostile names, blocks of If, a graph of 3,000 nodes."""
import base64
import hashlib
import json
import os
import pathlib
import re
import resource
import subprocess
import xml.etree.ElementTree as ElementTree

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

HONE = os.path.abspath(os.environ.get("HONE", "build/release/hone"))
SHARED = pathlib.Path(os.environ.get("HONE_SOURCE_DIR", ".")).resolve().parent / "shared/realdata/models"
REAL = ["cifar/resnet20_cifar10_ts_op13.onnx", "audio/silero_vad.onnx", "text/bert_sst2/bert_sst2_dynamo_op18.onnx"]
F = TensorProto.FLOAT
EVIL = ["</script><img src=x>", "\"'><svg onload=alert(1)>", "&lt;b&gt;", "\x01\x1b[31m\x7f", "a\u202egpj.exe",
        "<!--", "]]>", "\u2028\u2029"]
LONG = "w/" + "n" * 64990 + "/end"


def info(name, shape):
    return helper.make_tensor_value_info(name, F, shape)


def save(path, nodes, inputs, outputs, weights=(), opset=17):
    graph = helper.make_graph(nodes, "g", inputs, outputs, [numpy_helper.from_array(a, n) for n, a in weights])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8), path)


def residual(path):
    """Two convolutions with a way around the second; the last one's weights are NaN."""
    w = np.arange(4 * 3 * 3 * 3, dtype=np.float32).reshape(4, 3, 3, 3)
    bad = np.full((4, 4, 3, 3), np.nan, np.float32)
    same = {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1]}
    save(path, [helper.make_node("Conv", ["x", "w1"], ["c1"], "conv1", strides=[2, 2], **same),
                helper.make_node("Relu", ["c1"], ["r1"], "relu1"),
                helper.make_node("Conv", ["r1", "w2"], ["c2"], "conv2", **same),
                helper.make_node("Add", ["c2", "r1"], ["y"], "add")],
         [info("x", ["n", 3, 32, 32])], [info("y", None)], [("w1", w), ("w2", bad)])


def hostile(path):
    nodes, x = [], "x"
    for i, name in enumerate(EVIL + [LONG]):
        out = f"{i}{name}"
        nodes.append(helper.make_node("Add", [x, name], [out], name))
        x = out
    save(path, nodes, [info("x", [2])], [info(x, None)],
         [(n, np.ones(2, np.float32)) for n in EVIL + [LONG]])


def branches(path):
    def block(op):
        return helper.make_graph([helper.make_node(op, ["x"], [op], "inner_" + op)], op, [], [info(op, None)])
    nodes = [helper.make_node("ReduceMax", ["x"], ["m"], "most", keepdims=0),
             helper.make_node("Greater", ["m", "zero"], ["c"], "compare"),
             helper.make_node("If", ["c"], ["y"], "choose", then_branch=block("Exp"), else_branch=block("Neg"))]
    save(path, nodes, [info("x", [4])], [info("y", None)], [("zero", np.float32(0))])


def big(path):
    nodes, before = [], ["x"]
    for i in range(3000):
        inputs = [before[-1], before[-1 - i % 17 if i % 17 < len(before) else 0]]
        nodes.append(helper.make_node("Add" if i % 3 else "Mul", inputs, [f"v{i}"], f"block{i // 10}/node{i}"))
        before.append(f"v{i}")
    save(path, nodes, [info("x", [1, 64, 8, 8])], [info(before[-1], None)])


def empty(path):
    save(path, [], [info("x", [4])], [info("x", [4])])


MODELS = {"residual": residual, "hostile": hostile, "branches": branches, "big": big, "empty": empty}


def hone(*args):
    return subprocess.run([HONE, *map(str, args)], capture_output=True, text=True, timeout=120)


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    folder, made = tmp_path_factory.mktemp("drawing"), {}
    for name, make in MODELS.items():
        make(folder / f"{name}.onnx")
        made[name] = folder / f"{name}.html"
        r = hone("inspect", folder / f"{name}.onnx", "--html", made[name])
        assert r.returncode == 0, r.stderr
        assert r.stdout.endswith(f"page         {made[name]}\n")
    return made


def root_of(page):
    return ElementTree.fromstring(page.read_text())


def data_of(page):
    return json.loads(next(e for e in root_of(page).iter("script") if e.get("id") == "data").text)


# Without a browser.

@pytest.mark.parametrize("name", MODELS)
def test_is_well_formed_and_refers_to_nothing_outside(pages, name):
    root = root_of(pages[name])
    ids = [e.get("id") for e in root.iter() if e.get("id")]
    assert len(ids) == len(set(ids))
    for e in root.iter():
        assert e.tag not in ("link", "img", "iframe", "object", "embed", "base", "form"), e.tag
        for key, value in e.attrib.items():
            assert not key.startswith("on") and key not in ("src", "srcset", "action", "href"), (e.tag, key)
    for style in root.iter("style"):
        assert "url(" not in style.text and "@import" not in style.text


def test_policy_allows_the_one_script(pages):
    root = root_of(pages["residual"])
    script = next(e for e in root.iter("script") if e.get("id") is None)
    digest = base64.b64encode(hashlib.sha256(script.text.encode()).digest()).decode()
    policy = root.find("head/meta[@http-equiv]").get("content")
    assert f"'sha256-{digest}'" in policy, f"script_hash in src/ship/drawing/script.cc should be {digest}"
    assert "default-src 'none'" in policy


def test_every_node_and_end_has_its_box(pages):
    boxes = [e for e in root_of(pages["residual"]).iter("g") if (e.get("class") or "").startswith("b ")]
    titles = [e.find("text").text for e in boxes]
    assert sorted(titles) == ["Add", "Conv", "Conv", "Relu", "x", "y"]
    conv = next(e for e in boxes if e.get("aria-label").startswith("Conv conv1"))
    assert [t.text for t in conv.iter("text")] == ["Conv", "kernel 3×3", "strides 2×2", "W 4×3×3×3", "n×4×16×16"]
    assert len(list(root_of(pages["residual"]).iter("path"))) >= 5


def test_data_of_nodes(pages):
    data = data_of(pages["residual"])
    conv = next(n for n in data["nodes"] if n["name"] == "conv1")
    assert ["strides", "2, 2"] in conv["attributes"] and conv["op"] == "Conv"
    assert conv["flops"] == 2 * 4 * 16 * 16 * 27
    weights = data["values"][conv["in"][1]]
    assert weights[:2] == ["w1", "f32[4,3,3,3]"] and weights[4].startswith("0, 1, 2, 3")
    assert data["notes"], "NaN weights are a finding about conv2"


def test_long_names_are_shortened(pages):
    text = pages["hostile"].read_text()
    assert "n" * 1000 not in text and "nn…" in text
    assert "</script><img" not in text


def test_same_model_same_bytes(pages, tmp_path):
    hone("inspect", pages["big"].with_suffix(".onnx"), "--html", tmp_path / "again.html")
    assert (tmp_path / "again.html").read_bytes() == pages["big"].read_bytes()


def test_three_thousand_nodes_are_drawn_soon_and_small(pages, tmp_path):
    def used():
        r = resource.getrusage(resource.RUSAGE_CHILDREN)
        return r.ru_utime + r.ru_stime
    begin = used()
    hone("inspect", pages["big"].with_suffix(".onnx"), "--html", tmp_path / "again.html")
    # CPU time, on whatever else runs; 0.3 s as measured. Sanitizers take their own time.
    assert used() - begin < (2 if os.environ.get("HONE_BUILD_TYPE", "Release") == "Release" else 30)
    assert pages["big"].stat().st_size < 4e6


def test_json_and_page_together(pages, tmp_path):
    r = hone("inspect", pages["residual"].with_suffix(".onnx"), "--html", tmp_path / "p.html", "--json", "-")
    assert json.loads(r.stdout)["kind"] == "model" and (tmp_path / "p.html").exists()


def test_refuses(pages, tmp_path):
    r = hone("inspect", pages["residual"].with_suffix(".onnx"), "--html", tmp_path / "no" / "p.html")
    assert r.returncode == 4 and r.stderr.count("\n") == 1 and "p.html: cannot be written" in r.stderr
    nodes = [helper.make_node("Relu", ["x" if i == 0 else f"v{i - 1}"], [f"v{i}"]) for i in range(20001)]
    save(tmp_path / "huge.onnx", nodes, [info("x", [1])], [info("v20000", None)])
    r = hone("inspect", tmp_path / "huge.onnx", "--html", tmp_path / "huge.html")
    assert r.returncode == 2 and "20001 nodes, of which at most 20000 are drawn" in r.stderr
    assert not (tmp_path / "huge.html").exists()


# In a browser.

def node(name):
    """The id of a node's box."""
    return f"'n' + data.nodes.findIndex(n => n ? n.name === {json.dumps(name)} : false)"


def click(browser, box):
    where = browser.value(f"""(() => {{ const r = document.getElementById({box}).querySelector('.box')
        .getBoundingClientRect(); return [r.left + r.width / 2, r.top + 8] }})()""")
    for kind in ("mousePressed", "mouseReleased"):
        browser.ask("Input.dispatchMouseEvent", type=kind, x=where[0], y=where[1], button="left", clickCount=1)


def press(browser, *keys):
    for key in keys:
        for kind in ("keyDown", "keyUp"):
            more = {"text": key} if kind == "keyDown" and len(key) == 1 else {}
            code = {"Enter": 13, "Escape": 27}.get(key, 0)
            browser.ask("Input.dispatchKeyEvent", type=kind, key=key, windowsVirtualKeyCode=code, **more)


def panel(browser):
    return browser.value("(d => d.hidden ? '' : d.innerText)(document.getElementById('details'))")


def chosen(browser):
    return browser.value("chosen ? (data.nodes[chosen.id.slice(1)]?.name ?? chosen.id) : null")


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("width, dark", [(1280, False), (1280, True), (360, False)])
def test_shows(browser, pages, name, width, dark):
    browser.open(pages[name], width=width, dark=dark)
    assert browser.complaints() == []
    assert browser.requests() == [f"file://{pages[name]}"]
    assert browser.value("document.documentElement.scrollWidth") <= width
    assert browser.value("document.images.length") == 0
    background = browser.value("getComputedStyle(document.body).backgroundColor")
    assert (sum(map(int, re.findall(r"\d+", background))) < 150) == dark, background
    browser.value("document.getElementById('fit').click()")
    if name != "empty":
        inside = browser.value("""(() => { const s = current.svg.getBoundingClientRect();
            return Array.from(current.e.querySelectorAll('.b'), b => b.getBoundingClientRect()).every(
                r => r.left >= s.left - 1 ? s.right + 1 >= r.right ? r.top >= s.top - 1 ? s.bottom + 1 >= r.bottom
                : false : false : false) })()""")
        assert inside, "Fit shows all"


def test_click_shows_details(browser, pages):
    browser.open(pages["residual"])
    click(browser, node("conv1"))
    text = panel(browser)
    for part in ("Conv", "conv1", "ai.onnx Conv 17", "strides", "2, 2", "w1", "f32[4,3,3,3]", "= 0, 1, 2, 3",
                 "f32[n,4,16,16]", "to Relu", "FLOP"):
        assert part in text, part
    assert browser.value("document.querySelectorAll('.wires .gives').length") == 1
    click(browser, node("conv2"))
    assert "NaN" in panel(browser), "the finding about its weights"
    press(browser, "Escape")
    assert panel(browser) == "" and chosen(browser) is None
    assert browser.complaints() == []


def test_keys_move_along_lines(browser, pages):
    browser.open(pages["residual"])
    click(browser, node("conv1"))
    press(browser, "ArrowDown")
    assert chosen(browser) == "relu1"
    press(browser, "ArrowDown", "ArrowDown", "ArrowDown")
    assert chosen(browser) == "o0-0"
    press(browser, "ArrowUp", "ArrowUp", "ArrowUp", "ArrowUp")
    assert chosen(browser) == "conv1"
    assert browser.value("document.activeElement === chosen")
    press(browser, "ArrowUp")
    assert chosen(browser).startswith("i0-")
    before = browser.value("current.view.k")
    press(browser, "+")
    assert browser.value("current.view.k") > before


def test_search_jumps(browser, pages):
    browser.open(pages["big"])
    press(browser, "/")
    for letter in "node2999":
        press(browser, letter)
    press(browser, "Enter")
    assert chosen(browser) == "block299/node2999"
    place = browser.value("(() => { const r = chosen.getBoundingClientRect(); return [r.left, r.top] })()")
    assert 0 < place[0] < 1280 and 0 < place[1] < 900
    browser.value("document.querySelector('[data-find=Mul]').click()")
    assert browser.value("document.querySelectorAll('#found [role=option]').length") == 60
    assert "more" in browser.value("document.querySelector('#found .none').textContent")
    assert browser.complaints() == []


def test_wheel_and_drag(browser, pages):
    browser.open(pages["residual"])
    before = browser.value("current.view.k")
    browser.ask("Input.dispatchMouseEvent", type="mouseWheel", x=300, y=400, deltaX=0, deltaY=-120)
    browser.value("new Promise(r => setTimeout(() => r(1), 50))")
    k, x = browser.value("current.view.k"), browser.value("current.view.x")
    assert k > before
    for kind, at in (("mousePressed", 300), ("mouseMoved", 350), ("mouseMoved", 400), ("mouseReleased", 400)):
        browser.ask("Input.dispatchMouseEvent", type=kind, x=at, y=700, button="left", buttons=1, clickCount=1)
    assert abs(browser.value("current.view.x") - (x - 100 / k)) < 1


def test_blocks_can_be_reached(browser, pages):
    browser.open(pages["branches"])
    click(browser, node("choose"))
    assert "open then_branch" in panel(browser)
    browser.value("Array.from(document.querySelectorAll('#details .link')).find("
                  "b => b.textContent.startsWith('open then')).click()")
    assert browser.value("current.e.querySelector('.node .t').textContent") == "Exp"
    assert "then_branch" in browser.value("document.getElementById('crumbs').textContent")
    click(browser, node("inner_Exp"))
    assert "from input" in panel(browser)
    browser.value("document.querySelector('#crumbs button').click()")
    assert chosen(browser) == "choose"
    press(browser, "/")
    for letter in "inner_Neg":
        press(browser, letter)
    press(browser, "Enter")
    assert chosen(browser) == "inner_Neg"
    assert browser.complaints() == []


def test_hostile_names_stay_text(browser, pages):
    browser.open(pages["hostile"])
    for i in range(len(EVIL) + 1):
        browser.value(f"go('n{i}')")
    assert browser.complaints() == []
    assert browser.value("document.querySelectorAll('img, svg svg, .side svg').length") == 0
    assert browser.requests() == [f"file://{pages['hostile']}"]


def test_a_line_says_what_it_carries(browser, pages):
    browser.open(pages["residual"])
    value = browser.value("data.values.findIndex(v => v[0] === data.nodes.find(n => n ? n.name === 'conv1' "
                          ": false).out.map(o => data.values[o][0])[0])")
    # A point of the line, three pixels beside it.
    where = browser.value(f"""(() => {{ const p = document.getElementById('e0-{value}'),
        at = p.getPointAtLength(p.getTotalLength() / 2).matrixTransform(p.getScreenCTM());
        return [at.x + 3, at.y] }})()""")
    for kind in ("mousePressed", "mouseReleased"):
        browser.ask("Input.dispatchMouseEvent", type=kind, x=where[0], y=where[1], button="left", clickCount=1)
    said = panel(browser)
    assert "n×4×16×16" in said.replace(",", "×") and "from Conv conv1" in said, said
    readers = browser.value(f"readers({value}).map(n => data.nodes[n].op)")
    for op in readers:
        assert f"to {op}" in said
    assert browser.value(f"document.getElementById('e0-{value}').classList.contains('gives')")
    assert browser.complaints() == []


def test_what_is_too_long_for_a_page_says_so(browser, pages, tmp_path):
    for name, long in (("residual", False), ("big", True)):
        browser.open(pages[name])
        browser.value("dispatchEvent(new Event('beforeprint'))")
        said = browser.value("document.querySelector('.sheet').dataset.pages ?? ''")
        assert said.startswith("Too long for one page: cut into about ") == long, said
        if not long:  # on one page of A4
            browser.pdf(tmp_path / "p.pdf")
            assert len(re.findall(rb"/Type\s*/Page\b", (tmp_path / "p.pdf").read_bytes())) == 1


def test_prints_the_graph_without_controls(browser, pages, tmp_path):
    browser.open(pages["branches"], dark=True)
    browser.pdf(tmp_path / "p.pdf")
    data = (tmp_path / "p.pdf").read_bytes()
    assert data.startswith(b"%PDF") and 1 <= len(re.findall(rb"/Type\s*/Page\b", data)) <= 6
    browser.ask("Emulation.setEmulatedMedia", media="print",
                features=[{"name": "prefers-color-scheme", "value": "light"}])
    shown = browser.value("""Array.from(document.querySelectorAll('button, input, .side, .sheet'))
        .filter(e => e.getClientRects().length).map(e => e.className)""")
    assert shown == ["sheet"] * 3, "the graph and both blocks, nothing to press"


@pytest.mark.parametrize("name", REAL)
def test_real_models(browser, tmp_path, name):
    if not (SHARED / name).exists():
        pytest.skip("skipped: no ../shared")
    r = hone("inspect", SHARED / name, "--html", tmp_path / "p.html")
    assert r.returncode == 0, r.stderr
    browser.open(tmp_path / "p.html")
    nodes = browser.value("data.nodes.filter(n => n).length")
    assert nodes == browser.value("document.querySelectorAll('.node').length") > 20
    for i in range(0, nodes, nodes // 10):
        browser.value(f"go('n{i}')")
        assert panel(browser) != ""
    assert browser.complaints() == []
    browser.picture(tmp_path / "p.png", whole=False)
    assert (tmp_path / "p.png").stat().st_size > 20000
