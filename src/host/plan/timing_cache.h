// Timing cache: what tactics took, by everything that matters to it. A JSON file people can read
// and edit; entries from other machines, kernel versions and thread counts live side by side.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "common/base/status.h"

namespace hone::plan {

class TimingCache {
 public:
  // An absent file is an empty cache. Errors: corrupt, naming the file and what is wrong in it.
  static Result<TimingCache> load(const std::string& path);
  static Result<TimingCache> parse(std::string_view text);
  std::string to_json() const;  // sorted: equal caches give equal files

  std::optional<double> find(const std::string& key) const;
  void add(const std::string& key, double ns);
  // All of another's, which replace what is there.
  void add_all(const TimingCache& other);
  // What add() stores: whole nanoseconds, at least 1.
  static double whole_ns(double ns);
  size_t size() const { return ns_.size(); }
  bool changed() const { return changed_; }

 private:
  std::map<std::string, double> ns_;
  bool changed_ = false;
};

}  // namespace hone::plan
