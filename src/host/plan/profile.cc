#include "host/plan/profile.h"

#include <fmt/format.h>

#include <algorithm>

namespace hone::plan {

namespace {

std::string text(const DimRange& r) { return fmt::format("{}:{}:{}", r.min, r.opt, r.max); }

Status check_range(const Io& io, size_t axis, const DimRange& r) {
  const Dim& d = io.shape[axis];
  bool ordered = r.min <= r.opt && r.opt <= r.max;
  auto fail = [&](const std::string& why) {
    return invalid(fmt::format("--profile {} does not fit dimension {} of input '{}' ({}): {}",
                               text(r), axis, io.name, to_string(d), why));
  };
  if (!ordered) return fail("it must be min <= opt <= max");
  if (d.is_const()) {
    return r.min == d.value() && r.max == d.value() ? Status() : fail("the model fixes its size");
  }
  return r.min >= 1 ? Status() : fail("sizes begin at 1");
}

Status take_input(const Io& io, const std::vector<DimRange>& given, ProfileRanges* out) {
  if (given.size() != io.shape.size()) {
    return invalid(fmt::format("--profile gives {} dimensions for input '{}', which has {}",
                               given.size(), io.name, io.shape.size()));
  }
  for (size_t axis = 0; axis < given.size(); ++axis) {
    HONE_RETURN_IF_ERROR(check_range(io, axis, given[axis]));
    if (!io.shape[axis].is_symbol()) continue;
    const DimRange& r = given[axis];
    auto [known, fresh] = out->symbols.try_emplace(io.shape[axis].symbol_name(), r);
    const DimRange& k = known->second;
    if (fresh || (k.min == r.min && k.opt == r.opt && k.max == r.max)) continue;
    return invalid(fmt::format("--profile gives '{}' two ranges: {} and, in input '{}', {}",
                               known->first, text(k), io.name, text(r)));
  }
  return {};
}

}  // namespace

Result<ProfileRanges> resolve_profile(const std::vector<Io>& inputs, const ProfileSpec& profile) {
  ProfileRanges out;
  for (const auto& [name, given] : profile) {
    auto io = std::find_if(inputs.begin(), inputs.end(),
                           [&name = name](const Io& i) { return i.name == name; });
    if (io == inputs.end()) {
      return invalid(fmt::format("--profile names '{}', which is no input", name));
    }
    HONE_RETURN_IF_ERROR(take_input(*io, given, &out));
  }
  std::string open;  // the first dimension without a range
  for (const Io& io : inputs) {
    for (size_t axis = 0; axis < io.shape.size(); ++axis) {
      const Dim& d = io.shape[axis];
      DimRange range;
      if (d.is_const()) {
        range = {d.value(), d.value(), d.value()};
      } else if (auto known = out.symbols.find(d.is_symbol() ? d.symbol_name() : "");
                 known != out.symbols.end()) {
        range = known->second;
      } else if (open.empty()) {
        open = fmt::format("dimension {} ({}) of input '{}'", axis, to_string(d), io.name);
      }
      out.dims.push_back(range);
    }
  }
  if (open.empty()) return out;
  if (!profile.empty()) {
    return invalid(fmt::format("--profile leaves {} open: give its range too", open));
  }
  out.dims.clear();
  return out;
}

Result<std::vector<ProfileRanges>> resolve_profiles(const std::vector<Io>& inputs,
                                                    const std::vector<ProfileSpec>& profiles) {
  std::vector<ProfileRanges> out;
  if (profiles.empty()) {
    HONE_ASSIGN(ProfileRanges any, resolve_profile(inputs, {}));
    out.push_back(std::move(any));
  }
  for (size_t i = 0; i < profiles.size(); ++i) {
    auto ranges = resolve_profile(inputs, profiles[i]);
    if (!ranges.ok()) {
      return profiles.size() == 1 ? ranges.status()
                                  : in(fmt::format("profile {}", i), ranges.status());
    }
    out.push_back(std::move(*ranges));
  }
  return out;
}

}  // namespace hone::plan
