// Small cases by hand; the judge of the rest is `tokenizers` (tests/tasks/test_tokenizers.py).
#include "host/tasks/text/tokenizer.h"

#include <gtest/gtest.h>

#include "host/tasks/text/characters.h"

namespace hone::tasks::text {
namespace {

using Ids = std::vector<int32_t>;

constexpr const char* lines = "[PAD]\n[UNK]\n[CLS]\n[SEP]\na\nfilm\n##s\ngood\n!\nun\n##able\n";

Tokenizer word_piece(const VocabularyOptions& options = {}) {
  auto t = Tokenizer::parse(lines, "vocab.txt", options);
  EXPECT_TRUE(t.ok()) << t.status().text();
  return std::move(*t);
}

Ids ids(const Tokenizer& t, std::string_view text, const EncodeOptions& options = {}) {
  auto e = t.encode(text, options);
  EXPECT_TRUE(e.ok()) << e.status().text();
  return e.ok() ? e->ids : Ids{};
}

TEST(Tokenizer, LongestPartsFirst) {
  const Tokenizer t = word_piece();
  EXPECT_EQ(ids(t, "A good films!"), (Ids{2, 4, 7, 5, 6, 8, 3}));
  EXPECT_EQ(ids(t, "unable unfilm"), (Ids{2, 9, 10, 1, 3}));  // 'film' is no continuation
  EXPECT_EQ(ids(t, ""), (Ids{2, 3}));
  EXPECT_EQ(t.largest_id(), 10);
}

TEST(Tokenizer, CaseAndAccents) {
  EXPECT_EQ(ids(word_piece(), "F\xC3\x8DLM"), (Ids{2, 5, 3}));
  EXPECT_EQ(ids(word_piece({false, {}}), "FILM film"), (Ids{2, 1, 5, 3}));
  EXPECT_EQ(ids(word_piece({true, false}), "f\xC3\xADlm"), (Ids{2, 1, 3}));
}

TEST(Tokenizer, LengthsOfOneTextAndOfTwo) {
  const Tokenizer t = word_piece();
  EXPECT_EQ(ids(t, "a a a a a", {4, false}), (Ids{2, 4, 4, 3}));
  EXPECT_EQ(ids(t, "a", {5, true}), (Ids{2, 4, 3, 0, 0}));
  auto e = t.encode_pair("a a a a", "good", {6, false});
  ASSERT_TRUE(e.ok()) << e.status().text();
  EXPECT_EQ(e->ids, (Ids{2, 4, 4, 3, 7, 3}));
  EXPECT_EQ(e->type_ids, (Ids{0, 0, 0, 0, 1, 1}));
  auto padded = t.encode("a", {4, true});
  ASSERT_TRUE(padded.ok());
  EXPECT_EQ(padded->attention_mask, (Ids{1, 1, 1, 0}));
  EXPECT_EQ(t.encode("a", {1, false}).status().text(),
            "a length of 1 has no room for the 2 special tokens");
  EXPECT_EQ(t.encode("a", {-1, false}).code(), Code::invalid_argument);
}

TEST(Tokenizer, MergesByRankThenPlace) {
  const auto t = Tokenizer::parse(
      R"({"model": {"type": "BPE", "vocab": {"a": 0, "b": 1, "ab": 2, "bb": 3, "abb": 4},
          "merges": ["b b", ["a", "b"], "ab b"]}})",
      "f");
  ASSERT_TRUE(t.ok()) << t.status().text();
  EXPECT_EQ(ids(*t, "abb"), (Ids{0, 3}));  // "b b" is the older merge
  EXPECT_EQ(ids(*t, "bbb"), (Ids{3, 1}));  // the left pair of equals
  EXPECT_EQ(ids(*t, "abab"), (Ids{2, 2}));
  EXPECT_EQ(ids(*t, "a-b"), (Ids{2}));  // unknown and no token for it: dropped
}

TEST(Tokenizer, BlanksLeaveTheirLastToTheWord) {
  const ByteLevel cut;
  EXPECT_EQ(cut("it's  x1 "),
            (std::vector<std::string>{"it", "'s", "\xC4\xA0", "\xC4\xA0x", "1", "\xC4\xA0"}));
  EXPECT_EQ(cut("").size(), 0u);
  EXPECT_EQ((ByteLevel{true, true}("a")), (std::vector<std::string>{"\xC4\xA0"
                                                                    "a"}));
}

TEST(Tokenizer, OneLinePerFault) {
  const auto text = [](std::string_view bytes) {
    return std::string(Tokenizer::parse(bytes, "f").status().text());
  };
  EXPECT_EQ(text("{"), "f: not JSON, though it begins as an object of it");
  EXPECT_EQ(text("a\n\xFF"), "f: not UTF-8 at byte 2");
  EXPECT_EQ(text(R"({"model": {"type": "Unigram"}})"),
            "f: a model of type Unigram: WordPiece and BPE are known");
  EXPECT_EQ(text(R"({"model": {"type": "BPE", "vocab": {"a": -1}, "merges": []}})"),
            "f: model: the number of 'a' is not one from 0 to 2147483646");
  EXPECT_EQ(text(R"({"model": {"type": "BPE", "vocab": {"a": 0}, "merges": ["a b"]}})"),
            "f: model: merge 0 ('a' 'b') is not in the vocabulary");
  EXPECT_EQ(text(R"({"model": {"type": "BPE", "vocab": {"a": 0}, "merges": []},
                     "padding": {"pad_id": 0, "pad_type_id": 0,
                                 "strategy": {"Fixed": 99999999}}})"),
            "f: 'Fixed' is not a number from 0 to 1048576");
  EXPECT_EQ(Tokenizer::load("/no/such.json").code(), Code::not_found);
}

TEST(Characters, WhatIsNotUtf8IsFound) {
  EXPECT_EQ(find_malformed("a\xC3\xA9"), std::string_view::npos);
  EXPECT_EQ(find_malformed("ab\xC3"), 2u);
  EXPECT_EQ(find_malformed("\xED\xA0\x80"), 0u);  // a surrogate
  EXPECT_EQ(find_malformed("\xC0\xAF"), 0u);      // overlong
}

// Categories as Unicode 8 had them, whatever this ICU's Unicode.
TEST(Characters, AnswersAreOfTheAgeThatTrainedModels) {
  EXPECT_TRUE(is_nonspacing(0x301));
  EXPECT_FALSE(is_nonspacing(0x1ABF));   // Unicode 13
  EXPECT_TRUE(is_nonspacing(0x1734));    // spacing since 14
  EXPECT_TRUE(is_punctuation(0x166D));   // a symbol since 12
  EXPECT_FALSE(is_punctuation(0x2E43));  // Unicode 9
  EXPECT_EQ(decomposed(U"\x11938"), U"\x11938");
  EXPECT_EQ(decomposed(U"\u00E9"), U"e\u0301");
}

}  // namespace
}  // namespace hone::tasks::text
