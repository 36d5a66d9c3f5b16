#include "host/ops/guest.h"

#include <map>
#include <tuple>

#include "host/ops/infer_util.h"

namespace hone::ops {

namespace {

using Key = std::tuple<std::string, std::string, int64_t>;

// An entry stays where it is, and its texts are those of its key.
std::map<Key, OpDef>& guests() {
  static std::map<Key, OpDef> all;
  return all;
}

// What the file declared of its outputs stays.
Status keep_facts(InferContext&) { return {}; }

}  // namespace

const OpDef* add_guest(const std::string& domain, const std::string& op, int64_t version) {
  const auto [it, fresh] = guests().try_emplace({domain, op, version});
  OpDef& d = it->second;
  if (fresh) {
    d.domain = std::get<0>(it->first).c_str();
    d.name = std::get<1>(it->first).c_str();
    d.since = static_cast<int>(version);
    d.max_inputs = d.max_outputs = -1;
    d.infer = keep_facts;
    d.flops = no_flops;
    d.deterministic = false;  // nobody knows: not to be computed once for two
    d.sequences = true;
  }
  return &d;
}

const OpDef* find_guest(std::string_view domain, std::string_view op, int64_t version) {
  const auto it = guests().find({std::string(domain), std::string(op), version});
  return it == guests().end() ? nullptr : &it->second;
}

bool is_guest(const OpDef& def) { return def.infer == keep_facts; }

}  // namespace hone::ops
