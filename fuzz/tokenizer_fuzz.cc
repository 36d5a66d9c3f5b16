// Any bytes as a tokenizer's file, which then takes a few texts; and any bytes as a text for
// tokenizers of both kinds. Numbers stay below the largest, lengths within what was asked for.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "host/tasks/text/tokenizer.h"

namespace {

using namespace hone;
using namespace hone::tasks::text;

void require(bool condition) {
  if (!condition) std::abort();
}

void check(const Tokenizer& t, const Result<Encoding>& e, int64_t longest) {
  if (!e.ok()) {
    const std::string& why = e.status().text();
    require(!why.empty() && why.find('\n') == std::string::npos);
    require(e.code() == Code::invalid_argument || e.code() == Code::not_found);
    return;
  }
  require(e->ids.size() == e->type_ids.size() && e->ids.size() == e->attention_mask.size());
  require(std::all_of(e->ids.begin(), e->ids.end(),
                      [&](int32_t id) { return id >= 0 && id <= t.largest_id(); }));
  require(longest == 0 || static_cast<int64_t>(e->ids.size()) <= longest);
}

void encode(const Tokenizer& t, std::string_view text) {
  check(t, t.encode(text), 0);
  check(t, t.encode(text, {5, true}), 5);
  check(t, t.encode_pair(text, "b a", {9, false}), 9);
}

const Tokenizer& known(std::string_view file) {
  auto t = Tokenizer::parse(file, "f");
  require(t.ok());
  return *new Tokenizer(std::move(*t));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const Tokenizer& words =
      known("[PAD]\n[UNK]\n[CLS]\n[SEP]\na\n##b\nb\n##a\n.\n\xE4\xB8\xAD");
  static const Tokenizer& pairs = known(
      R"({"added_tokens": [{"id": 5, "content": "<m>", "single_word": true, "lstrip": true,
           "rstrip": true, "normalized": false, "special": true}],
          "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": true},
          "model": {"type": "BPE", "vocab": {"a": 0, "b": 1, "ab": 2, "aba": 3, "Ġ": 4},
                    "merges": ["a b", "ab a"]}})");
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto made = Tokenizer::parse(bytes, "f");
  if (made.ok()) {
    for (std::string_view text : {"", "a bab,[CLS] \xC3\xA9\xE4\xB8\xAD", "<m> x<m>"}) {
      encode(*made, text);
    }
  } else {
    const std::string& why = made.status().text();
    require(!why.empty() && why.find('\n') == std::string::npos);
    require(made.code() != Code::internal);
  }
  encode(words, bytes);
  encode(pairs, bytes);
  return 0;
}
