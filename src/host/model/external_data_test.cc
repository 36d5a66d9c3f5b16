#include "host/model/external_data.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>
#include <filesystem>

#include "host/model/onnx.h"
#include "host/model/pb_test_util.h"

namespace hone::model {
namespace {

using namespace testing;
namespace fs = std::filesystem;

class ExternalData : public ::testing::Test {
 protected:
  ExternalData() {
    char name[] = "/tmp/hone-external-XXXXXX";
    root_ = ::mkdtemp(name);
    folder_ = root_ + "/model";
    fs::create_directories(folder_ + "/sub");
  }
  ~ExternalData() override { fs::remove_all(root_); }

  void write(const std::string& name, const std::string& text) {
    ASSERT_TRUE(write_text(folder_ + "/" + name, text).ok());
  }
  // A model whose one tensor u8[count] has these entries of external data.
  Result<Model> model_with(int64_t count,
                           const std::vector<std::pair<std::string, std::string>>& entries) {
    std::string tensor = len(8, "w") + num(1, count) + num(2, 2) + num(14, 1);
    for (const auto& [key, value] : entries) tensor += len(13, len(1, key) + len(2, value));
    write("m.onnx", with_tensor(tensor));
    return read_model(folder_ + "/m.onnx");
  }
  std::string error_with(int64_t count,
                         const std::vector<std::pair<std::string, std::string>>& entries) {
    const auto model = model_with(count, entries);
    const std::string prefix = folder_ + "/m.onnx: initializer 'w': ";
    if (model.ok()) return "no error";
    EXPECT_EQ(model.status().text().rfind(prefix, 0), 0u) << model.status().text();
    return model.status().text().substr(std::min(prefix.size(), model.status().text().size()));
  }
  std::string root_, folder_;
};

TEST_F(ExternalData, IsMappedAndPartOfTheHash) {
  write("sub/w.bin", "....abcdef");
  const auto model = model_with(3, {{"location", "sub/w.bin"}, {"offset", "4"}, {"length", "3"}});
  ASSERT_TRUE(model.ok()) << model.status().text();
  EXPECT_EQ(to_ints(model->graph.initializers[0].tensor), (std::vector<int64_t>{'a', 'b', 'c'}));
  EXPECT_EQ(model->file_bytes, static_cast<int64_t>(fs::file_size(folder_ + "/m.onnx")) + 3);
  const uint64_t hash = model->file_hash;
  const auto hash_with = [&](const std::string& data) {
    write("sub/w.bin", data);
    return read_model(folder_ + "/m.onnx")->file_hash;
  };
  EXPECT_EQ(hash_with("XXXXabcXXX"), hash);
  EXPECT_NE(hash_with("....abXdef"), hash);
}

TEST_F(ExternalData, LengthAndOffsetMayBeLeftOut) {
  write("w.bin", "abc");
  const auto model = model_with(2, {{"location", "w.bin"}});
  ASSERT_TRUE(model.ok()) << model.status().text();
  EXPECT_EQ(model->graph.initializers[0].tensor.int_at(0), 'a');
}

TEST_F(ExternalData, RefusesWhatLeavesTheFolder) {
  ASSERT_TRUE(write_text(root_ + "/secret", "abc").ok());
  fs::create_symlink("../secret", folder_ + "/link");
  fs::create_symlink("..", folder_ + "/up");
  fs::create_symlink("sub", folder_ + "/inner");
  write("sub/ok", "abc");
  const std::string in_folder = "it must lie in the model's folder";
  EXPECT_EQ(error_with(3, {{"location", "/etc/passwd"}}),
            "external data '/etc/passwd': absolute paths are refused; " + in_folder);
  EXPECT_EQ(error_with(3, {{"location", "../secret"}}),
            "external data '../secret': '..' is refused; " + in_folder);
  EXPECT_EQ(error_with(3, {{"location", "sub/../../secret"}}),
            "external data 'sub/../../secret': '..' is refused; " + in_folder);
  const std::string link =
      ": a symlink leads out of the model's folder; copy the file beside the model";
  EXPECT_EQ(error_with(3, {{"location", "link"}}), "external data 'link'" + link);
  EXPECT_EQ(error_with(3, {{"location", "up/secret"}}), "external data 'up/secret'" + link);
  EXPECT_EQ(error_with(3, {{"location", "inner/ok"}}), "no error");
  EXPECT_EQ(error_with(3, {}), "external data '': no file is named");
  EXPECT_EQ(error_with(3, {{"location", "none\nx"}}),
            "external data 'none\\x0ax': no such file; it must lie in the model's folder");
}

TEST_F(ExternalData, RefusesWhatDoesNotFit) {
  write("w.bin", "abc");
  const std::string file = "external data 'w.bin': ";
  EXPECT_EQ(error_with(4, {{"location", "w.bin"}}),
            file +
                "4 bytes at 0 do not fit in its 3 bytes; the file is cut off or belongs to another "
                "model");
  EXPECT_EQ(error_with(2, {{"location", "w.bin"}, {"offset", "2"}}),
            file +
                "2 bytes at 2 do not fit in its 3 bytes; the file is cut off or belongs to another "
                "model");
  EXPECT_EQ(error_with(1, {{"location", "w.bin"}, {"offset", "9223372036854775807"}}),
            file +
                "1 bytes at 9223372036854775807 do not fit in its 3 bytes; the file is cut off or "
                "belongs to another model");
  EXPECT_EQ(error_with(2, {{"location", "w.bin"}, {"length", "3"}}),
            "u8[2] needs 2 bytes of data, external data claim 3");
  const auto error = model_with(1, {{"location", "w.bin"}, {"offset", "-1"}});
  EXPECT_EQ(
      error.status().text(),
      folder_ + "/m.onnx: initializer 0: external data: offset '-1' is not a number of bytes");
}

TEST_F(ExternalData, BeyondTwoGigabytes) {
  // A sparse file: no disk is used.
  write("w.bin", "");
  fs::resize_file(folder_ + "/w.bin", (int64_t{5} << 30) + 3);
  const auto model = model_with(3, {{"location", "w.bin"}, {"offset", "5368709120"}});
  ASSERT_TRUE(model.ok()) << model.status().text();
  EXPECT_EQ(to_ints(model->graph.initializers[0].tensor), (std::vector<int64_t>{0, 0, 0}));
}

Model two_tensors() {
  Model m;
  m.ir_version = 8;
  m.opsets[""] = 17;
  Tensor large(DType::f32, {600});
  for (int i = 0; i < 600; ++i) large.set(i, i);
  m.graph.initializers = {{"large", large}, {"small", Tensor::of<int64_t>({1}, {7})}};
  auto sub = std::make_shared<GraphProto>();
  sub->initializers = {{"inner", large}};
  NodeProto node;
  node.op_type = "If";
  node.attributes = {{"then_branch", sub, "", 0}};
  m.graph.nodes = {node};
  return m;
}

TEST_F(ExternalData, IsWrittenWhereTheWholeIsTooLarge) {
  const Model m = two_tensors();
  const std::string path = folder_ + "/out.onnx";
  ASSERT_TRUE(write_model(m, path).ok());
  EXPECT_FALSE(fs::exists(path + ".data"));
  ASSERT_TRUE(write_model(m, path, {.external_over = 1000}).ok());
  EXPECT_EQ(fs::file_size(path + ".data"), 4096u + 2400u);
  EXPECT_LT(fs::file_size(path), 600u);
  const auto again = read_model(path);
  ASSERT_TRUE(again.ok()) << again.status().text();
  EXPECT_EQ(serialize(*again), serialize(m));
}

TEST_F(ExternalData, AFullDiskLeavesNothing) {
  rlimit before;
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  auto* handler = std::signal(SIGXFSZ, SIG_IGN);
  rlimit small = before;
  small.rlim_cur = 5000;
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  const Status split = write_model(two_tensors(), folder_ + "/x.onnx", {.external_over = 1000});
  small.rlim_cur = 1000;
  ::setrlimit(RLIMIT_FSIZE, &small);
  const Status whole = write_model(two_tensors(), folder_ + "/x.onnx");
  ::setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);
  EXPECT_EQ(split.code(), Code::io_error);
  EXPECT_EQ(split.text(), folder_ + "/x.onnx.data: cannot be written: File too large");
  EXPECT_EQ(whole.text(), folder_ + "/x.onnx: cannot be written: File too large");
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_), fs::directory_iterator()), 1);  // sub
}

}  // namespace
}  // namespace hone::model
