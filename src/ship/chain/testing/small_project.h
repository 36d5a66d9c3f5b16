// The Fashion model as a project in a folder of its own, small enough to ship in a moment.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "device/platform/target_detect.h"
#include "ship/chain/chain.h"

namespace hone::ship::testing {

namespace fs = std::filesystem;

class Folder {
 public:
  Folder() {
    std::string path = ::testing::TempDir() + "hone_XXXXXX";
    path_ = mkdtemp(path.data()) != nullptr ? path : "";
  }
  ~Folder() {
    std::error_code error;
    fs::remove_all(path_, error);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

inline std::string fashion(const std::string& name) {
  return std::string(HONE_SOURCE_DIR) + "/examples/fashion/" + name;
}

inline void write_idx(const std::string& path, std::vector<uint32_t> dims,
                      const std::vector<uint8_t>& data) {
  std::ofstream out(path, std::ios::binary);
  const char magic[] = {0, 0, 8, static_cast<char>(dims.size())};
  out.write(magic, 4);
  for (uint32_t d : dims) {
    const char big[] = {static_cast<char>(d >> 24), static_cast<char>(d >> 16),
                        static_cast<char>(d >> 8), static_cast<char>(d)};
    out.write(big, 4);
  }
  out.write(reinterpret_cast<const char*>(data.data()), static_cast<std::streamsize>(data.size()));
}

// The contract of examples/fashion/hone.toml.
inline ModelSpec fashion_spec() {
  ModelSpec m;
  m.name = "fashion";
  m.onnx = fashion("fashion.onnx");
  InputSpec in;
  in.name = "image";
  in.image.width = in.image.height = 28;
  in.image.color = preprocess::Color::gray;
  in.image.scale = 0.00392156862745098f;
  in.image.mean[0] = 0.2860f;
  in.image.std[0] = 0.3530f;
  m.inputs.push_back(in);
  OutputSpec out;
  out.name = "logits";
  out.task = "classification";
  out.labels = {"T-shirt/top", "Trouser", "Pullover", "Dress", "Coat",
                "Sandal",      "Shirt",   "Sneaker",  "Bag",   "Ankle boot"};
  m.outputs.push_back(out);
  return m;
}

// Copies of model and golden pairs, and labelled noise, in the folder: to be changed by tests.
inline ModelSpec small_project(const Folder& folder, int golden_pairs) {
  ModelSpec m = fashion_spec();
  m.onnx = folder / "fashion.onnx";
  fs::copy_file(fashion("fashion.onnx"), m.onnx);
  m.golden = folder / "golden";
  for (int i = 0; i < golden_pairs; ++i) {
    const std::string name = "/0" + std::to_string(i);
    fs::create_directories(m.golden + name);
    fs::copy(fashion("golden") + name, m.golden + name);
  }
  constexpr uint32_t n = 12;
  std::vector<uint8_t> pixels(n * 28 * 28), labels(n);
  uint32_t state = 1;
  for (uint8_t& p : pixels) p = static_cast<uint8_t>((state = state * 1664525 + 1013904223) >> 24);
  for (uint32_t i = 0; i < n; ++i) labels[i] = static_cast<uint8_t>(i % 10);
  write_idx(folder / "images", {n, 28, 28}, pixels);
  write_idx(folder / "labels", {n}, labels);
  m.evaluation =
      tasks::DataSpec{"idx", {{"images", folder / "images"}, {"labels", folder / "labels"}}, 0};
  return m;
}

// Untimed, a moment of bench: for tests of everything but speed.
inline ChainOptions quick_options(const Folder& folder) {
  ChainOptions o;
  o.machine = platform::detect_target();
  o.out_folder = folder / "out";
  o.bench_seconds = 0.02;
  o.parity_inputs = 2;
  return o;
}

inline TargetSpec local_target() {
  TargetSpec t;
  t.name = "local";
  return t;
}

}  // namespace hone::ship::testing
