// What is done to a text before it is cut: BERT's BasicTokenizer.
#pragma once

#include <string>
#include <string_view>

namespace hone::tasks::text {

struct BertNormalizer {
  bool clean_text = true;     // drop control characters, U+0000 and U+FFFD; every blank is ' '
  bool ideographs = true;     // ' ' on both sides of each
  bool strip_accents = true;  // decompose, drop nonspacing marks
  bool lower_case = true;

  // Well-formed UTF-8 in and out.
  std::string operator()(std::string_view s) const;
};

}  // namespace hone::tasks::text
