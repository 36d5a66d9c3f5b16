#include "host/plan/profile_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace hone::plan {

namespace {

constexpr const char* form = "NAME=min:opt:max, as in x=1x3x224x224:1x3x224x224:4x3x224x224";

// "a=1x2,b=3" -> "a=1x2", "b=3". What has no '=' belongs to what stands before it.
std::vector<std::string> split_inputs(const std::string& text) {
  std::vector<std::string> parts;
  for (size_t at = 0; at <= text.size();) {
    size_t end = std::min(text.find(',', at), text.size());
    std::string part = text.substr(at, end - at);
    bool fresh = parts.empty() || (part.find('=') != std::string::npos &&
                                   parts.back().find('=') != std::string::npos);
    if (fresh) {
      parts.push_back(std::move(part));
    } else {
      parts.back() += "," + part;
    }
    at = end + 1;
  }
  return parts;
}

// "min:opt:max", or one shape for all three.
Result<std::vector<DimRange>> parse_ranges(const std::string& text) {
  std::vector<Dims> three;
  for (size_t at = 0; at <= text.size();) {
    size_t end = std::min(text.find(':', at), text.size());
    HONE_ASSIGN(Dims dims, parse_dims(text.substr(at, end - at)));
    three.push_back(std::move(dims));
    at = end + 1;
  }
  if (three.size() == 1) three = {three[0], three[0], three[0]};
  if (three.size() != 3) return invalid(fmt::format("is not {}", form));
  if (three[0].size() != three[1].size() || three[0].size() != three[2].size()) {
    return invalid("min, opt and max have different ranks");
  }
  std::vector<DimRange> ranges;
  for (size_t i = 0; i < three[0].size(); ++i) {
    ranges.push_back({three[0][i], three[1][i], three[2][i]});
  }
  return ranges;
}

}  // namespace

Result<Dims> parse_dims(const std::string& text) {
  Dims dims;
  for (size_t at = 0; !text.empty() && at <= text.size();) {
    size_t end = std::min(text.find_first_of("x,", at), text.size());
    int64_t d = 0;
    auto [stop, error] = std::from_chars(text.data() + at, text.data() + end, d);
    if (error != std::errc() || stop != text.data() + end || d < 0) {
      return invalid(fmt::format("'{}' is not a shape like 1x3x224x224", text));
    }
    dims.push_back(d);
    at = end + 1;
  }
  return dims;
}

Result<ProfileSpec> parse_profile(const std::string& text) {
  ProfileSpec profile;
  for (const std::string& part : split_inputs(text)) {
    size_t at = part.rfind('=');
    if (at == std::string::npos || at == 0 || at + 1 == part.size()) {
      return invalid(fmt::format("is not {}", form));
    }
    HONE_ASSIGN(std::vector<DimRange> ranges, parse_ranges(part.substr(at + 1)));
    if (!profile.emplace(part.substr(0, at), std::move(ranges)).second) {
      return invalid(fmt::format("gives '{}' more than once", part.substr(0, at)));
    }
  }
  return profile;
}

Result<std::vector<ProfileSpec>> parse_profiles(const std::vector<std::string>& texts,
                                                const std::string& option) {
  std::vector<ProfileSpec> out;
  for (const std::string& text : texts) {
    auto inputs = parse_profile(text);
    if (!inputs.ok()) return in(option + " " + text, inputs.status());
    bool again = out.empty() || std::any_of(inputs->begin(), inputs->end(), [&](const auto& i) {
                   return out.back().contains(i.first);
                 });
    if (again) out.emplace_back();
    out.back().merge(*inputs);
  }
  return out;
}

}  // namespace hone::plan
