// GRU and RNN.
#include "case_maker.h"

namespace hone::kernel_tests {

Result<Case> rnn_case(CaseMaker& m) {
  Random& r = m.r;
  const int64_t steps = r.between(1, 6), batch = r.between(1, 5), width = r.between(1, 20);
  const int64_t hidden = r.pick({1, 2, 5, 8, 17, 32}), gates = m.is("GRU") ? 3 : 1;
  const auto direction = r.pick<const char*>({"forward", "reverse", "bidirectional"});
  const int64_t d = std::string_view(direction) == "bidirectional" ? 2 : 1;
  m.attr("direction", std::string(direction));
  m.attr("hidden_size", hidden);
  if (m.is("GRU") && r.one_in(2)) m.attr("linear_before_reset", int64_t{1});
  if (r.one_in(4)) m.attr("clip", 0.4f);
  if (!m.is("GRU") && r.one_in(3)) {
    m.attr("activations", std::vector<std::string>(static_cast<size_t>(d), "Sigmoid"));
  }
  m.laid_out(m.tensor(DType::f32, {steps, batch, width}));
  m.either(m.tensor(DType::f32, {d, gates * hidden, width}, -0.5, 0.5));
  m.either(m.tensor(DType::f32, {d, gates * hidden, hidden}, -0.5, 0.5));
  const bool lengths = r.one_in(3), state = r.one_in(2);
  r.one_in(3) ? m.absent() : m.either(m.tensor(DType::f32, {d, 2 * gates * hidden}, -1, 1));
  if (lengths || state) {
    lengths ? m.either(m.tensor(DType::i32, {batch}, 1, static_cast<double>(steps))) : m.absent();
  }
  if (state) m.either(m.tensor(DType::f32, {d, batch, hidden}, -1, 1));
  if (r.one_in(3)) return m.finish({"", "h"});
  return r.one_in(2) ? m.finish({"y"}) : m.finish({"y", "h"});
}

}  // namespace hone::kernel_tests
