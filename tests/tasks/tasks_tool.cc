// What the Python tests of src/host/tasks ask Hone: a command, and what it works on from stdin.
//
//   tasks_tool tokenize FILE [cased] [MAX_LENGTH [pad]]
//     records of a 32-bit size and so many bytes -> a line of ids each, or "error TEXT"; two
//     records make a pair with the option `pair`; then, and with `pad`, types and mask follow
//     behind |
//   tasks_tool unassigned
//     the code points that this ICU's Unicode does not have, a line "FIRST LAST" per range
#include <unicode/uchar.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "host/tasks/text/tokenizer.h"

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

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> words(argv + 1, argv + argc);
  if (words.size() > 1 && words[0] == "tokenize") return tokenize({words.begin() + 1, words.end()});
  if (words.size() == 1 && words[0] == "unassigned") return unassigned();
  std::fprintf(stderr, "tasks_tool: what?\n");
  return 2;
}
