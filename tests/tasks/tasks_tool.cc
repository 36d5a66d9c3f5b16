// What the Python tests of src/host/tasks ask Hone: a command, and what it works on from stdin.
//
//   tasks_tool tokenize FILE [cased] [MAX_LENGTH [pad]]
//     records of a 32-bit size and so many bytes -> a line of ids each, or "error TEXT"; two
//     records make a pair with the option `pair`; then, and with `pad`, types and mask follow
//     behind |
//   tasks_tool f1 binary|macro|micro CLASSES     lines "LABEL PREDICTED" -> percent
//   tasks_tool topk K CLASSES                    lines "LABEL SCORE ..." -> percent
//   tasks_tool psnr PEAK BORDER [luma] [last] A.npy B.npy   -> decibels
//   tasks_tool table csv|tsv                     -> fields, each behind its size and a colon
//   tasks_tool unassigned
//     the code points that this ICU's Unicode does not have, a line "FIRST LAST" per range
#include <unicode/uchar.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <iterator>
#include <string>
#include <vector>

#include "host/model/tensor_files.h"
#include "host/tasks/data/table.h"
#include "host/tasks/f1.h"
#include "host/tasks/psnr.h"
#include "host/tasks/text/tokenizer.h"
#include "host/tasks/topk.h"

namespace {

using namespace hone;
using namespace hone::tasks;

bool read_record(std::string* out) {
  uint32_t size = 0;
  if (std::fread(&size, sizeof(size), 1, stdin) != 1) return false;
  out->resize(size);
  return std::fread(out->data(), 1, size, stdin) == size;
}

void print(const std::vector<int32_t>& values) {
  for (size_t i = 0; i < values.size(); ++i) std::printf(i > 0 ? " %d" : "%d", values[i]);
}

int tokenize(std::vector<std::string> words) {
  text::VocabularyOptions vocabulary;
  text::EncodeOptions options;
  bool pair = false;
  std::string file;
  for (const std::string& w : words) {
    if (w == "pair") {
      pair = true;
    } else if (w == "cased") {
      vocabulary.lower_case = false;
    } else if (w == "pad") {
      options.pad = true;
    } else if (file.empty()) {
      file = w;
    } else {
      options.max_length = std::atoll(w.c_str());
    }
  }
  const auto tokenizer = text::Tokenizer::load(file, vocabulary);
  if (!tokenizer.ok()) {
    std::printf("error %s\n", tokenizer.status().text().c_str());
    return 1;
  }
  for (std::string a, b; read_record(&a) && (!pair || read_record(&b));) {
    const auto e = pair ? tokenizer->encode_pair(a, b, options) : tokenizer->encode(a, options);
    if (e.ok()) {
      print(e->ids);
      if (pair || options.pad) {
        std::printf("|");
        print(e->type_ids);
        std::printf("|");
        print(e->attention_mask);
      }
    } else {
      std::printf("error %s", e.status().text().c_str());
    }
    std::printf("\n");
  }
  return 0;
}

int unassigned() {
  for (UChar32 c = 0, first = -1; c <= 0x110000; ++c) {
    const bool none = c < 0x110000 && u_charType(c) == U_UNASSIGNED;
    if (none && first < 0) first = c;
    if (!none && first >= 0) std::printf("%d %d\n", first, c - 1);
    if (!none) first = -1;
  }
  return 0;
}

int fail(const Status& s) {
  std::printf("error %s\n", s.text().c_str());
  return 1;
}

int f1(const std::string& average, int64_t classes) {
  tasks::F1 f(classes, average == "binary"  ? F1Average::binary
                       : average == "macro" ? F1Average::macro
                                            : F1Average::micro);
  for (int64_t label, predicted; std::cin >> label >> predicted;) {
    if (Status s = f.add(label, predicted); !s.ok()) return fail(s);
  }
  std::printf("%.17g\n", f.value());
  return 0;
}

int topk(int64_t k, int64_t classes) {
  TopK t(k);
  std::string word;
  for (int64_t label; std::cin >> label;) {
    Tensor scores(DType::f32, {classes});
    for (int64_t i = 0; i < classes && std::cin >> word; ++i) {
      scores.set(i, std::strtod(word.c_str(), nullptr));
    }
    if (Status s = t.add(scores, label); !s.ok()) return fail(s);
  }
  std::printf("%.17g\n", t.value());
  return 0;
}

int psnr(const std::vector<std::string>& words) {
  PsnrOptions options;
  options.peak = std::atof(words[1].c_str());
  options.border = std::atoll(words[2].c_str());
  for (const std::string& w : words) {
    options.luma |= w == "luma";
    options.channels_last |= w == "last";
  }
  const auto a = model::read_npy(words[words.size() - 2]), b = model::read_npy(words.back());
  if (!a.ok() || !b.ok()) return fail(a.ok() ? b.status() : a.status());
  Psnr p(options);
  if (Status s = p.add(*a, *b); !s.ok()) return fail(s);
  std::printf("%.17g\n", p.value());
  return 0;
}

int table(const std::string& kind) {
  std::string bytes(std::istreambuf_iterator<char>(std::cin), {});
  const auto t =
      kind == "csv" ? parse_csv(std::move(bytes), "t") : parse_tsv(std::move(bytes), "t");
  if (!t.ok()) return fail(t.status());
  for (int64_t r = -1; r < t->rows(); ++r) {
    for (size_t c = 0; c < t->columns(); ++c) {
      const std::string_view field = t->cell(r, c);
      std::printf("%zu:%.*s", field.size(), static_cast<int>(field.size()), field.data());
    }
    std::printf("\n");
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> words(argv + 1, argv + argc);
  if (words.size() > 1 && words[0] == "tokenize") return tokenize({words.begin() + 1, words.end()});
  if (words.size() == 1 && words[0] == "unassigned") return unassigned();
  if (words.size() == 3 && words[0] == "f1") return f1(words[1], std::atoll(words[2].c_str()));
  if (words.size() == 3 && words[0] == "topk") {
    return topk(std::atoll(words[1].c_str()), std::atoll(words[2].c_str()));
  }
  if (words.size() >= 5 && words[0] == "psnr") return psnr(words);
  if (words.size() == 2 && words[0] == "table") return table(words[1]);
  std::fprintf(stderr, "tasks_tool: what?\n");
  return 2;
}
