// hone.toml: every key, every default, every error with its line.
#include "ship/project/project.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace hone::ship {
namespace {

Result<Project> parse(const std::string& text) { return parse_project(text, "dir/hone.toml"); }
std::string error(const std::string& text) { return parse(text).status().text(); }

// The rest of a project around the table that a test is about.
std::string project(const std::string& more) {
  return "schema = 1\n[model.m]\nonnx = 'm.onnx'\n[target.t]\n" + more;
}
std::string with_input(const std::string& keys) {
  return project("[model.m.input.x]\nsize = [2, 3]\n" + keys);
}

TEST(Project, ReadsEveryKey) {
  // Every limit of the table, each with a number of its own.
  std::string limits;
  double number = 0;
  for (const LimitRow& row : limit_rows()) {
    limits += std::string(row.key) + " = " + std::to_string(number += 0.015625) + "\n";
  }
  const std::string labels = ::testing::TempDir() + "hone_project_labels.txt";
  std::ofstream(labels) << "cat\r\ndog\n\nbird";
  auto p = parse(R"(schema = 1
[model.zebra]
onnx = "z.onnx"
golden = "golden/"
profiles = ["image=1x28:2x28:4x28", "image=8x28,state=8"]
[model.zebra.input.image]
kind = "image"
size = [28, 32]
color = "gray"
resize = "none"
scale = 0.5
mean = [0.25]
std = [2.0]
layout = "nhwc"
[model.zebra.output.logits]
task = "classification"
labels = ")" + labels +
                 R"("
[model.zebra.data]
calibration = { format = "idx", images = "ci", labels = "cl", limit = 512 }
evaluation = { format = "idx", images = "/abs/ei", labels = "el" }
[model.ant]
onnx = "/abs/a.onnx"
[target.local]
threads = 4
precision = "f32"
rate = 30
baseline = "old.engine"
[target.local.limits]
)" + limits + R"(critical = ["cat", "dog"]
[target.local.limits.classes]
bird = 1.5
"cat" = 0
[target.other]
)");
  ASSERT_TRUE(p.ok()) << p.status().text();
  EXPECT_EQ(p->folder, "dir");
  ASSERT_EQ(p->models.size(), 2u);
  const ModelSpec& m = p->models[0];
  EXPECT_EQ(m.name, "zebra");  // the file's order, not the alphabet's
  EXPECT_EQ(m.onnx, "dir/z.onnx");
  EXPECT_EQ(m.golden, "dir/golden/");
  ASSERT_EQ(m.profiles.size(), 2u);
  EXPECT_EQ(m.profiles[0].at("image")[0].max, 4);
  EXPECT_EQ(m.profiles[1].at("state")[0].min, 8);
  ASSERT_EQ(m.inputs.size(), 1u);
  EXPECT_EQ(m.inputs[0].name, "image");
  const auto& k = m.inputs[0].image;
  EXPECT_EQ(k.height, 28);
  EXPECT_EQ(k.width, 32);
  EXPECT_EQ(k.color, preprocess::Color::gray);
  EXPECT_EQ(k.layout, preprocess::PixelLayout::nhwc);
  EXPECT_EQ(k.scale, 0.5f);
  EXPECT_EQ(k.mean[0], 0.25f);
  EXPECT_EQ(k.std[0], 2.0f);
  ASSERT_EQ(m.outputs.size(), 1u);
  EXPECT_EQ(m.outputs[0].task, "classification");
  EXPECT_EQ(m.outputs[0].labels, (std::vector<std::string>{"cat", "dog", "bird"}));
  ASSERT_TRUE(m.calibration && m.evaluation);
  EXPECT_EQ(m.calibration->limit, 512);
  EXPECT_EQ(m.calibration->at("images"), "dir/ci");
  EXPECT_EQ(m.evaluation->at("images"), "/abs/ei");
  EXPECT_EQ(m.evaluation->at("labels"), "dir/el");
  EXPECT_EQ(m.evaluation->limit, 0);
  EXPECT_EQ(p->models[1].onnx, "/abs/a.onnx");
  const TargetSpec& t = p->targets[0];
  EXPECT_EQ(t.name, "local");
  EXPECT_EQ(t.threads, 4);
  EXPECT_EQ(t.baseline, "dir/old.engine");
  const Limits& l = t.limits;
  EXPECT_EQ(l.rate, 30);
  EXPECT_EQ(l.critical, (std::vector<std::string>{"cat", "dog"}));
  EXPECT_EQ(l.classes, (std::map<std::string, double>{{"bird", 1.5}, {"cat", 0}}));
  number = 0;
  for (const LimitRow& row : limit_rows()) EXPECT_EQ(l.*row.limit, number += 0.015625) << row.key;
  EXPECT_EQ(p->targets[1].baseline, "");
  std::filesystem::remove(labels);
}

TEST(Project, ALatencyToKeepAsksForTheSearch) {
  auto p = parse(project("precision = 'int8'\nmax_latency_ms = 2.5\n"));
  ASSERT_TRUE(p.ok()) << p.status().text();
  EXPECT_TRUE(p->targets[0].tune);
  EXPECT_EQ(p->targets[0].max_latency_ms, 2.5);
  p = parse(project("precision = 'int8'\ntune = true\n"));
  ASSERT_TRUE(p.ok()) << p.status().text();
  EXPECT_TRUE(p->targets[0].tune);
  EXPECT_FALSE(p->targets[0].max_latency_ms);
}

TEST(Project, Defaults) {
  auto p = parse(with_input(""));
  ASSERT_TRUE(p.ok()) << p.status().text();
  const ModelSpec& m = p->models[0];
  EXPECT_EQ(m.golden, "");
  EXPECT_FALSE(m.calibration);
  EXPECT_FALSE(m.evaluation);
  EXPECT_TRUE(m.outputs.empty());
  const auto& k = m.inputs[0].image;
  EXPECT_EQ(k.color, preprocess::Color::rgb);
  EXPECT_EQ(k.layout, preprocess::PixelLayout::nchw);
  EXPECT_EQ(k.scale, 1);
  for (int c = 0; c < 3; ++c) {
    EXPECT_EQ(k.mean[c], 0);
    EXPECT_EQ(k.std[c], 1);
  }
  EXPECT_EQ(p->targets[0].threads, 1);
  EXPECT_EQ(p->targets[0].precision, "best");
  EXPECT_FALSE(p->targets[0].tune);
  EXPECT_FALSE(p->targets[0].max_latency_ms);
  const Limits& l = p->targets[0].limits;
  for (const LimitRow& row : limit_rows()) EXPECT_FALSE(l.*row.limit) << row.key;
  EXPECT_FALSE(l.rate);
  EXPECT_TRUE(l.critical.empty() && l.classes.empty());
}

TEST(Project, HowPicturesFit) {
  auto p =
      parse(with_input("resize = 'pillow12-bicubic-aa'\nfit = 'letterbox'\nanchor = 'top-left'\n"
                       "fill = [1, 2, 3]\ntype = 's8'\ncolor = 'luma'\nlayout = 'nhwc'\n"));
  ASSERT_TRUE(p.ok()) << p.status().text();
  const auto& k = p->models[0].inputs[0].image;
  EXPECT_EQ(k.resize, preprocess::Resize::pillow12_bicubic_aa);
  EXPECT_EQ(k.fit, preprocess::Fit::letterbox);
  EXPECT_EQ(k.anchor, preprocess::Anchor::top_left);
  EXPECT_EQ(k.type, preprocess::PixelType::s8);
  EXPECT_EQ(k.color, preprocess::Color::luma);
  for (int c = 0; c < 3; ++c) EXPECT_EQ(k.fill[c], c + 1);

  auto q = parse(with_input("resize = 'cv2-area'\nfit = 'crop'\nshort_side = 4\n"));
  ASSERT_TRUE(q.ok()) << q.status().text();
  EXPECT_EQ(q->models[0].inputs[0].image.short_side, 4);
  auto one = parse(with_input("fit = 'letterbox'\nfill = 7\n"));
  ASSERT_TRUE(one.ok()) << one.status().text();
  EXPECT_EQ(one->models[0].inputs[0].image.fill[2], 7);
}

TEST(Project, PathsAreBesideTheFile) {
  EXPECT_EQ(parse_project(project(""), "hone.toml")->models[0].onnx, "m.onnx");
  EXPECT_EQ(parse_project(project(""), "/a/b/hone.toml")->models[0].onnx, "/a/b/m.onnx");
}

TEST(Project, UnknownKeysSuggestTheNearest) {
  EXPECT_EQ(error("schema = 1\nmodle = 2\n"),
            "dir/hone.toml:2: unknown key 'modle'; did you mean 'model'?");
  EXPECT_EQ(error("schema = 1\n[model.m]\nonnx = 'm'\ngoldn = 'g'\n[target.t]\n"),
            "dir/hone.toml:4: unknown key 'goldn' in a model; did you mean 'golden'?");
  EXPECT_EQ(error(with_input("colour = 'gray'\n")),
            "dir/hone.toml:7: unknown key 'colour' in an input; did you mean 'color'?");
  EXPECT_EQ(error(project("[model.m.output.y]\nlabel = 'x'\n")),
            "dir/hone.toml:6: unknown key 'label' in an output; did you mean 'labels'?");
  EXPECT_EQ(error(project("[model.m.data]\nevaluaton = {}\n")),
            "dir/hone.toml:6: unknown key 'evaluaton' in data; did you mean 'evaluation'?");
  EXPECT_EQ(error(project("[model.m.data]\nevaluation = { image = 'x' }\n")),
            "dir/hone.toml:6: unknown key 'image' in evaluation; did you mean 'images'?");
  EXPECT_EQ(error(project("thread = 1\n")),
            "dir/hone.toml:5: unknown key 'thread' in a target; did you mean 'threads'?");
  EXPECT_EQ(error(project("limits = { p95ms = 1 }\n")),
            "dir/hone.toml:5: unknown key 'p95ms' in limits; did you mean 'p95_ms'?");
  EXPECT_EQ(error("schema = 1\nxyzzyplugh = 1\n"),
            "dir/hone.toml:2: unknown key 'xyzzyplugh'; known: schema, model, target, plugins");
}

TEST(Project, WhatMustBeThere) {
  EXPECT_EQ(error(""), "dir/hone.toml:1: the key 'schema' is missing (schema = 1)");
  EXPECT_EQ(error("schema = 2\n"), "dir/hone.toml:1: schema 2 is not known (1 is)");
  EXPECT_EQ(error("schema = 1\n"),
            "dir/hone.toml:1: no [model.NAME] table; it names the model's onnx file");
  EXPECT_EQ(error("schema = 1\n[model.m]\nonnx = 'm'\n"),
            "dir/hone.toml:1: no [target.NAME] table; it holds threads and limits");
  EXPECT_EQ(error("schema = 1\n[model.m]\n[target.t]\n"),
            "dir/hone.toml:2: the key 'onnx' is missing");
  EXPECT_EQ(error(project("[model.m.input.x]\n")),
            "dir/hone.toml:5: the key 'size' is missing ([height, width])");
  EXPECT_EQ(error(project("[model.m.data]\nevaluation = { images = 'i' }\n")),
            "dir/hone.toml:6: the key 'labels' is missing");
}

TEST(Project, TypesAndRanges) {
  const std::pair<std::string, std::string> cases[] = {
      {"schema = 1\nmodel = 3\n", "2: 'model' must be a table"},
      {"schema = 1\nmodel.m = 3\n", "2: 'model.m' must be a table"},
      {"schema = 1\n[model.m]\nonnx = 3\n", "3: 'onnx' must be a string"},
      {with_input("kind = 'sound'\n"),
       "7: kind = \"sound\" is not known; known: image, text, tensor, audio"},
      {with_input("resize = 'nome'\n"),
       "7: resize = \"nome\" is not known; did you mean \"none\"?"},
      {with_input("color = 'grey'\n"), "7: color = \"grey\" is not known; did you mean \"gray\"?"},
      {with_input("layout = 'nhcw'\n"),
       "7: layout = \"nhcw\" is not known; did you mean \"nchw\"?"},
      {with_input("fill = 1\n"), "7: 'fill' is for fit = \"letterbox\""},
      {with_input("fit = 'letterbox'\nfill = 1.5\n"),
       "8: 'fill' must be 0 to 255, or three of them: R, G, B"},
      {with_input("fit = 'letterbox'\nfill = [1, 2]\n"),
       "8: 'fill' must be 0 to 255, or three of them: R, G, B"},
      {with_input("type = 'u8'\nscale = 2\n"),
       "8: 'scale' is for type = \"f32\"; u8 holds the pixels, s8 the pixels less 128"},
      {with_input("fit = 'crop'\nresize = 'cv2-area'\nshort_side = 2\n"),
       "9: 'short_side' must be the larger side of 'size' to 65536"},
      {with_input("scale = 'x'\n"), "7: 'scale' must be a number"},
      {with_input("mean = [1, 2]\n"), "7: 'mean' must be a list of 3 numbers"},
      {with_input("color = 'gray'\nmean = 1\n"), "8: 'mean' must be a list of 1 number"},
      {with_input("std = [1, 'a', 1]\n"), "7: 'std' must hold numbers"},
      {with_input("std = [1, 0, 1]\n"), "7: 'std' must be > 0"},
      {with_input("std = [1, nan, 1]\n"), "7: 'std' must hold numbers"},
      {with_input("mean = [1, 1e300, 1]\n"), "7: 'mean' must hold numbers"},
      {with_input("scale = inf\n"), "7: 'scale' must be a number"},
      {project("[model.m.input.x]\nsize = [0, 3]\n"),
       "6: 'size' must be [height, width], each 1 to 65536"},
      {project("[model.m.input.x]\nsize = [3, 65537]\n"),
       "6: 'size' must be [height, width], each 1 to 65536"},
      {project("[model.m.input.x]\nsize = [3.5, 3]\n"),
       "6: 'size' must be [height, width], each 1 to 65536"},
      {project("[model.m.input.x]\nsize = [3]\n"), "6: 'size' must be a list of 2 numbers"},
      {project("[model.m.output.y]\ntask = 'classifcation'\n"),
       "6: task = \"classifcation\" is not known; did you mean \"classification\"?"},
      {project("[model.m.data]\nevaluation = 3\n"), "6: 'evaluation' must be a table"},
      {project("[model.m]\n"), ""},
      {project("[model.m.data]\nevaluation = { format = 'xml', images = 'i', labels = 'l' }\n"),
       "6: format = \"xml\" is not known; known: idx, csv, tsv, yolo, npz"},
      {project("[model.m.data]\nevaluation = { format = 'csv', images = 'i' }\n"),
       "6: unknown key 'images' in evaluation; known: format, limit, list, folder, column, label, "
       "wanted, type, shape"},
      {project("[model.m.data]\nevaluation = { format = 'npz', file = 'f' }\n"),
       "6: the key 'label' is missing"},
      {project("[model.m.input.x]\nkind = 'text'\n"), "5: the key 'tokenizer' is missing"},
      {project("[model.m.input.x]\nkind = 'text'\ntokenizer = 't'\nmax_length = -1\n"),
       "8: 'max_length' must be 0 to 1048576"},
      {project("[model.m.input.x]\nkind = 'text'\ntokenizer = 't'\npad = true\n"),
       "8: 'pad' needs 'max_length', the length to fill up to"},
      {project("[model.m.input.x]\nkind = 'text'\ntokenizer = 't'\nscale = 2\n"),
       "8: unknown key 'scale' in an input of text; known: kind, tokenizer, part, max_length, pad, "
       "lower_case"},
      {project("[model.m.input.x]\nkind = 'audio'\nhop = 3\n"),
       "7: unknown key 'hop' in an input of sound; known: kind, sample_rate, samples, window, "
       "stride, filters, coefficients, low_hz, high_hz, type, scale, zero_point"},
      {project("[model.m.input.x]\nkind = 'audio'\nscale = 2\n"),
       "7: 'scale' is for type = \"s8\""},
      {project("[model.m.input.x]\nkind = 'audio'\nwindow = 20000\n"),
       "5: no features can be made so: 'window' must fit 'samples', 'coefficients' 'filters', 0 <= "
       "'low_hz' < 'high_hz' <= half of 'sample_rate', 'scale' > 0"},
      {project("[model.m.output.y]\ntask = 'super_resolution'\npeak = 0\n"),
       "7: 'peak' must be > 0"},
      {project("[model.m.output.y]\ntask = 'super_resolution'\nlabels = 'l'\n"),
       "7: unknown key 'labels' in an output; known: task, outputs, peak, border, luma, layout"},
      {project("[model.m.input.x]\nkind = 'tensor'\nscale = 'a'\n"), "7: 'scale' must be a number"},
      {project("[model.m.input.x]\nkind = 'tensor'\nzero = inf\n"), "7: 'zero' must be a number"},
      {project("[model.m.output.y]\ntask = 'detection'\n"), "5: the key 'decode' is missing"},
      {project("[model.m.output.y]\ntask = 'detection'\ndecode = 'yolox'\niou_threshold = 2\n"),
       "8: 'iou_threshold' must be 0 to 1"},
      {project("[model.m.output.y]\ntask = 'detection'\ndecode = 'yolox'\nstrides = [0]\n"),
       "8: 'strides' must be a list of whole numbers, 1 to 4096"},
      {project("[model.m.output.y]\ntask = 'detection'\ndecode = 'yolox'\nmax_detections = 0\n"),
       "8: 'max_detections' must be 1 to 1000000"},
      {project("[model.m.data]\nevaluation = { images = 'i', labels = 'l', limit = -1 }\n"),
       "6: 'limit' must be >= 0"},
      {project("[model.m.data]\nevaluation = { images = 'i', labels = 'l', limit = 1.5 }\n"),
       "6: 'limit' must be a whole number"},
      {project("threads = 0\n"), "5: 'threads' must be 1 to 256"},
      {project("threads = 257\n"), "5: 'threads' must be 1 to 256"},
      {project("threads = 1.5\n"), "5: 'threads' must be a whole number"},
      {project("precision = 'f31'\n"),
       "5: precision = \"f31\" is not known; did you mean \"f32\"?"},
      {project("tune = true\n"),
       "5: 'tune' chooses between int8 and f32: it needs precision = \"int8\""},
      {project("precision = 'best'\nmax_latency_ms = 2\n"),
       "6: 'max_latency_ms' chooses between int8 and f32: it needs precision = \"int8\""},
      {project("precision = 'int8'\nmax_latency_ms = 0\n"), "6: 'max_latency_ms' must be > 0"},
      {project("precision = 'int8'\nmax_latency_ms = '2ms'\n"),
       "6: 'max_latency_ms' must be a number"},
      {project("precision = 'int8'\ntune = 'yes'\n"), "6: 'tune' must be true or false"},
      {project("precision = 'int8'\ntune = false\nmax_latency_ms = 2\n"),
       "6: 'max_latency_ms' is what tuning aims at: leave out tune = false"},
      {project("limits = 3\n"), "5: 'limits' must be a table"},
      {project("limits = { p95_ms = '2' }\n"), "5: 'p95_ms' must be a number"},
      {project("limits = { p95_ms = -1 }\n"), "5: 'p95_ms' must be >= 0"},
      {project("limits = { p95_ms = nan }\n"), "5: 'p95_ms' must be >= 0"},
      {project("limits = { class_drop = 100.5 }\n"), "5: 'class_drop' must be 0 to 100"},
      {project("rate = 30\nlimits = { deadline_misses = 2 }\n"),
       "6: 'deadline_misses' must be 0 to 1"},
      {project("limits = { deadline_misses = 0.01 }\n"),
       "5: 'deadline_misses' needs the target's frames per second (rate = 30)"},
      {project("limits = { latency_increase = 3 }\n"),
       "5: 'latency_increase' needs the target's baseline (baseline = \"old.engine\")"},
      {project("limits = { critical_drop = 1 }\n"),
       "5: 'critical_drop' needs the classes it is about (critical = [\"person\"])"},
      {project("limits = { critical = ['person'] }\n"),
       "5: critical class 'person' has no limit; set critical_drop"},
      {project("limits = { critical = 'person' }\n"), "5: 'critical' must be a list of strings"},
      {project("limits = { critical = [1] }\n"), "5: 'critical' must be a list of strings"},
      {project("limits = { classes = 1 }\n"), "5: 'classes' must be a table"},
      {project("limits = { classes = { a = 'x' } }\n"), "5: 'a' must be a number"},
      {project("limits = { classes = { a = 101 } }\n"), "5: 'a' must be 0 to 100"},
      {project("rate = 0\n"), "5: 'rate' must be 0.001 to 1e+06 frames per second"},
      {project("rate = 2e6\n"), "5: 'rate' must be 0 to 1e+06"},
      {project("rate = 'x'\n"), "5: 'rate' must be a number"},
      {project("baseline = 1\n"), "5: 'baseline' must be a string"},
  };
  for (const auto& [text, why] : cases) {
    if (why.empty()) {
      EXPECT_EQ(parse(text).code(), Code::corrupt) << text;  // a table twice: not TOML
    } else {
      EXPECT_EQ(error(text), "dir/hone.toml:" + why) << text;
    }
  }
}

TEST(Project, ClassesAreThoseOfAModel) {
  const std::string labels = ::testing::TempDir() + "hone_class_labels.txt";
  std::ofstream(labels) << "Shirt\nCoat\n";
  const auto with = [&](const std::string& limits) {
    return "schema = 1\n[model.m]\nonnx = 'm'\n[model.m.output.y]\nlabels = '" + labels +
           "'\n[target.t]\n[target.t.limits]\n" + limits;
  };
  EXPECT_TRUE(
      parse(with("critical = ['Coat']\ncritical_drop = 1\nclasses = { Shirt = 1 }\n")).ok());
  EXPECT_EQ(error(with("classes = { Shrit = 1 }\n")),
            "dir/hone.toml:8: no model has a class 'Shrit'; did you mean 'Shirt'?");
  EXPECT_EQ(error(with("critical = ['xyzzy']\ncritical_drop = 1\n")),
            "dir/hone.toml:8: no model has a class 'xyzzy'");
  std::filesystem::remove(labels);
}

TEST(Project, LimitOfAClass) {
  Limits l;
  EXPECT_FALSE(class_limit(l, "a"));
  l.class_drop = 2;
  l.critical_drop = 1;
  l.critical = {"a", "b"};
  l.classes["b"] = 0.5;
  EXPECT_EQ(class_limit(l, "a"), 1);
  EXPECT_EQ(class_limit(l, "b"), 0.5);
  EXPECT_EQ(class_limit(l, "c"), 2);
}

// toml++ leaves the blanks of Unicode half defined.
TEST(Project, LettersAndBlanksOfOtherLanguages) {
  auto p = parse("schema = 1\n[model.'mod\u00e8le']\nonnx = '\u0492\u65e5.onnx'\n[target.t]\n");
  ASSERT_TRUE(p.ok()) << p.status().text();
  EXPECT_EQ(p->models[0].name, "mod\u00e8le");
  EXPECT_EQ(p->models[0].onnx, "dir/\u0492\u65e5.onnx");
  EXPECT_EQ(parse("schema\u0492 = 1\n").code(), Code::corrupt);
  EXPECT_EQ(parse("schema =\u00e8 1\n").code(), Code::corrupt);
}

TEST(Project, WhatIsNotToml) {
  auto p = parse("schema = 1\n[model.m\n");
  EXPECT_EQ(p.code(), Code::corrupt);
  EXPECT_EQ(p.status().text().substr(0, 16), "dir/hone.toml:2:");
  EXPECT_EQ(p.status().text().find('\n'), std::string::npos);
  EXPECT_EQ(error("schema = f\n"),
            "dir/hone.toml:1: Error while parsing boolean: expected 'false', saw 'f?'");
  EXPECT_EQ(error("\"a\\nb\" = 1\n"),
            "dir/hone.toml:1: unknown key 'a?b'; known: schema, model, target, plugins");
  for (const char* header : {"[&", "[[[a]]]", "[[=", "[", "[[", "["}) {
    EXPECT_EQ(parse(header).code(), Code::corrupt) << header;  // toml++ asserts on some of these
  }
  EXPECT_EQ(load_project("/no/such/hone.toml").code(), Code::not_found);
  EXPECT_EQ(parse(project("[model.m.output.y]\nlabels = '/no/such/labels'\n")).code(),
            Code::not_found);
}

}  // namespace
}  // namespace hone::ship
