"""One engine, several profiles: text, picture and sound models at every batch and many lengths agree
with ONNX Runtime, in one arena, without an allocation after the first binding."""
import itertools
import os
import sys

import attention  # noqa: F401  the families enter themselves in FAMILIES
import convolutional  # noqa: F401
import numpy as np
import onnx
import pytest
import sequence  # noqa: F401
from net import FAMILIES
from test_architectures import answers, check, hone

sys.path.append(os.path.join(os.path.dirname(__file__), "../ship"))
import engine_abi  # noqa: E402

# Of each family the ranges min:opt:max of its symbols in every profile, and the sizes to run.
CASES = {
    "distilbert": ([{"n": (1, 1, 4), "s": (1, 8, 12)}, {"n": (1, 4, 8), "s": (8, 20, 24)}],
                   {"n": (1, 2, 4, 5, 8), "s": (1, 2, 7, 8, 12, 13, 24)}),
    "efficientnet": ([{"n": (1, 1, 1)}, {"n": (2, 4, 6)}], {"n": (1, 2, 3, 4, 5, 6)}),
    "unet": ([{"n": (1, 1, 2), "h": (16, 32, 48), "w": (16, 32, 48)},
              {"n": (1, 1, 1), "h": (32, 64, 80), "w": (16, 64, 80)}],
             {"n": (1, 2), "h": (16, 31, 48, 49, 80), "w": (16, 33, 48, 80)}),
    "gru_keyword_spotter": ([{"n": (1, 1, 2), "t": (20, 40, 60)}, {"n": (3, 4, 4), "t": (20, 40, 99)}],
                            {"n": (1, 2, 3, 4), "t": (20, 41, 60, 61, 99)}),
}


def shapes(net, profile, which):
    """Of each input as text, at the min, opt or max of the profile."""
    return {name: "x".join(str(profile[d][which] if d in profile else d) for d in shape)
            for name, shape, _, _ in net.inputs}


@pytest.fixture(params=CASES)
def built(request, tmp_path):
    net, (profiles, sizes) = FAMILIES[request.param](), CASES[request.param]
    model = tmp_path / "model.onnx"
    onnx.save(net.model(), model)
    args = []
    for profile in profiles:
        low, opt, high = (shapes(net, profile, k) for k in range(3))
        args += ["--profile", ",".join(f"{n}={low[n]}:{opt[n]}:{high[n]}" for n in low)]
    hone("build", model, "-o", tmp_path / "model.engine", *args)
    return net, model, tmp_path / "model.engine", profiles, sizes


def first_that_fits(profiles, size):
    fits = [all(low <= size[d] <= high for d, (low, _, high) in p.items()) for p in profiles]
    return fits.index(True) if True in fits else None


def test_every_shape_of_every_profile(built):
    net, model, path, profiles, sizes = built
    engine = engine_abi.Engine(path, engine_abi.ANY_PROFILE)
    made = arena = None
    ran, refused = set(), 0
    for values in itertools.product(*sizes.values()):
        size = dict(zip(sizes, values))
        net.sizes = (size,)
        feed = net.feeds(0)
        wanted = first_that_fits(profiles, size)
        if wanted is None:
            with pytest.raises(engine_abi.Refused, match="these shapes fit no profile: profile 0 "
                                                         "takes .*; profile 1 takes "):
                engine.bind([v.shape for v in feed.values()])
            refused += 1
            continue
        engine.bind([v.shape for v in feed.values()])
        assert engine.profile() == wanted
        made, arena = made or engine.memory.made, arena or engine.arena_bytes()
        for got, want in zip(engine.run(feed.values(), len(net.outputs)),
                             answers(model.read_bytes(), feed), strict=True):
            check(got, want)
        assert engine.memory.made == made and engine.arena_bytes() == arena
        ran.add(wanted)
    assert ran == {0, 1}
    assert refused or len(sizes) == 1


def test_run_takes_the_profile_of_its_inputs(tmp_path):
    net = FAMILIES["efficientnet"]()
    model, engine = tmp_path / "model.onnx", tmp_path / "model.engine"
    onnx.save(net.model(), model)
    shape = "x{}".format("x".join(map(str, net.inputs[0][1][1:])))
    name = net.inputs[0][0]
    hone("build", model, "-o", engine, "--no-timing", "--profile", f"{name}=1{shape}", "--profile",
         f"{name}=2{shape}:2{shape}:4{shape}")
    for n, profile in ((1, 0), (3, 1)):
        net.sizes = ({"n": n},)
        np.save(tmp_path / "x.npy", net.feeds(0)[name])
        r = hone("run", engine, "--input", f"{name}={tmp_path}/x.npy", "--json", "-")
        assert f'"profile": {profile}' in r.stdout or f'"profile":{profile}' in r.stdout
