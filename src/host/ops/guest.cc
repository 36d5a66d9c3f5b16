#include "host/ops/guest.h"

#include <map>
#include <memory>
#include <tuple>

#include "host/ops/infer_util.h"

namespace hone::ops {

namespace {

using Key = std::tuple<std::string, std::string, int64_t>;

struct Guest {
  Key key;  // owns the texts that the entry points to
  OpDef def = {};
};

std::map<Key, std::unique_ptr<const Guest>, std::less<>>& guests() {
  static std::map<Key, std::unique_ptr<const Guest>, std::less<>> all;
  return all;
}

// What the file declared of its outputs stays.
Status keep_facts(InferContext&) { return {}; }

}  // namespace

const OpDef* add_guest(const std::string& domain, const std::string& op, int64_t version) {
  auto& entry = guests()[{domain, op, version}];
  if (entry == nullptr) {
    auto guest = std::make_unique<Guest>();
    guest->key = {domain, op, version};
    OpDef& d = guest->def;
    d.domain = std::get<0>(guest->key).c_str();
    d.name = std::get<1>(guest->key).c_str();
    d.since = static_cast<int>(version);
    d.max_inputs = d.max_outputs = -1;
    d.infer = keep_facts;
    d.flops = no_flops;
    d.deterministic = false;  // nobody knows: not to be computed once for two
    d.sequences = true;
    entry = std::move(guest);
  }
  return &entry->def;
}

const OpDef* find_guest(std::string_view domain, std::string_view op, int64_t version) {
  const auto it = guests().find(std::make_tuple(domain, op, version));
  return it == guests().end() ? nullptr : &it->second->def;
}

bool is_guest(const OpDef& def) { return def.infer == keep_facts; }

}  // namespace hone::ops
