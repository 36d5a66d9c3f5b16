#include "ship/measure/record.h"

#include <algorithm>

namespace hone::ship {

Record::Record(Parts parts, int64_t capacity)
    : parts_(parts), capacity_(std::max<int64_t>(capacity & ~int64_t{1}, 2)) {}

template <class Fn>
void Record::each(Fn fn) {
  fn(at_), fn(latency_), fn(disturbance_);
  if (parts_ != Parts::none) fn(infer_);
  if (parts_ == Parts::all) fn(preprocess_), fn(postprocess_);
}

void Record::expect(int64_t samples) {
  const auto n = static_cast<size_t>(std::clamp<int64_t>(samples, 0, capacity_));
  each([n](auto& v) {
    if (n <= v.capacity()) return;
    const size_t size = v.size();
    v.resize(n, 0);
    v.resize(size);
  });
}

void Record::add(const Sample& s, uint8_t disturbance) {
  least_ = seen_ == 0 ? s.latency : std::min(least_, s.latency);
  greatest_ = seen_ == 0 ? s.latency : std::max(greatest_, s.latency);
  sum_ += static_cast<double>(s.latency);
  // Only between blocks: what is kept then stands for whole ones, an even number of them.
  const bool begins = (seen_ & (one_of() - 1)) == 0;
  if (begins && kept() == capacity_) halve();
  if (begins) chosen_ = halvings_ == 0 ? 0 : static_cast<int64_t>(random() >> (64 - halvings_));
  if ((seen_++ & (one_of() - 1)) != chosen_) return;
  at_.push_back(s.at);
  latency_.push_back(s.latency);
  disturbance_.push_back(disturbance);
  if (parts_ != Parts::none) infer_.push_back(s.infer);
  if (parts_ != Parts::all) return;
  preprocess_.push_back(s.preprocess);
  postprocess_.push_back(s.postprocess);
}

void Record::halve() {
  ++halvings_;
  const size_t pairs = latency_.size() / 2;
  std::vector<uint8_t> second(pairs);
  for (uint8_t& s : second) s = static_cast<uint8_t>(random() >> 63);
  each([&](auto& v) {
    for (size_t i = 0; i < pairs; ++i) v[i] = v[2 * i + second[i]];
    v.resize(pairs);
  });
}

// xorshift64*: which of two neighbours stays need not be better than that.
uint64_t Record::random() {
  state_ ^= state_ >> 12;
  state_ ^= state_ << 25;
  state_ ^= state_ >> 27;
  return state_ * 0x2545f4914f6cdd1dull;
}

std::vector<double> to_ms(const std::vector<int64_t>& ns) {
  std::vector<double> ms;
  ms.reserve(ns.size());
  for (int64_t v : ns) ms.push_back(static_cast<double>(v) * 1e-6);
  return ms;
}

}  // namespace hone::ship
