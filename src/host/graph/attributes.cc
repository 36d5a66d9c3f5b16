#include "host/graph/attributes.h"

namespace hone::graph {
namespace {

template <class T>
T get(const Attr* attr, T fallback) {
  if (attr != nullptr) {
    if (const T* value = std::get_if<T>(attr)) return *value;
  }
  return fallback;
}

}  // namespace

const Attr* Attributes::find(const std::string& name) const {
  auto it = map_.find(name);
  return it == map_.end() ? nullptr : &it->second;
}

int64_t Attributes::i(const std::string& name, int64_t fallback) const {
  return get<int64_t>(find(name), fallback);
}
float Attributes::f(const std::string& name, float fallback) const {
  return get<float>(find(name), fallback);
}
std::string Attributes::s(const std::string& name, const std::string& fallback) const {
  return get<std::string>(find(name), fallback);
}
std::vector<int64_t> Attributes::ints(const std::string& name,
                                      std::vector<int64_t> fallback) const {
  return get<std::vector<int64_t>>(find(name), std::move(fallback));
}
std::vector<float> Attributes::floats(const std::string& name, std::vector<float> fallback) const {
  return get<std::vector<float>>(find(name), std::move(fallback));
}
Tensor Attributes::tensor(const std::string& name) const { return get<Tensor>(find(name), {}); }

}  // namespace hone::graph
