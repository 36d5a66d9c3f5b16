#include "host/engine/dim_program.h"

namespace hone::engine {

using graph::Dim;
using wire::DimOp;

int32_t DimProgram::emit(DimOp op, int32_t a, int32_t b, int64_t value) {
  auto next = static_cast<int32_t>(code_.size());
  auto [it, fresh] = known_.try_emplace({static_cast<int>(op), a, b, value}, next);
  if (fresh) code_.emplace_back(op, a, b, value);
  return it->second;
}

int32_t DimProgram::input_dim(int32_t input, int32_t axis) {
  return emit(DimOp::input_dim, input, axis, 0);
}

Result<int32_t> DimProgram::symbol(const std::string& name) {
  auto where = plan_.symbols.find(name);
  if (where != plan_.symbols.end()) return input_dim(where->second.first, where->second.second);
  const plan::DataSize* data = plan_.find_data(name);
  if (data == nullptr) return internal("no input gives the size " + name);
  int32_t bound = -1;
  if (data->bound) {
    HONE_ASSIGN(bound, index(*data->bound));
  }
  return emit(DimOp::data, number_(data->value), data->element, bound);
}

Result<int32_t> DimProgram::atom(const Dim::Atom& a) {
  if (!a.symbol.empty()) return symbol(a.symbol);
  HONE_ASSIGN(std::vector<int32_t> args, indices(a.args));
  constexpr DimOp ops[] = {DimOp::floor_div, DimOp::ceil_div, DimOp::mod,  DimOp::min,
                           DimOp::max,       DimOp::equal,    DimOp::less, DimOp::select};
  if (a.op == Dim::Op::select) return emit(DimOp::select, args[1], args[2], args[0]);
  return emit(ops[static_cast<int>(a.op)], args[0], args[1], 0);
}

Result<int32_t> DimProgram::index(const Dim& d) {
  if (auto c = d.const_value()) return emit(DimOp::constant, 0, 0, *c);
  int32_t sum = -1;
  for (const Dim::Term& t : d.terms()) {
    int32_t product = -1;
    if (t.coefficient != 1 || t.factors.empty()) {
      product = emit(DimOp::constant, 0, 0, t.coefficient);
    }
    for (const auto& factor : t.factors) {
      HONE_ASSIGN(int32_t f, atom(*factor));
      product = product < 0 ? f : emit(DimOp::mul, product, f, 0);
    }
    sum = sum < 0 ? product : emit(DimOp::add, sum, product, 0);
  }
  return sum;
}

Result<std::vector<int32_t>> DimProgram::indices(const std::vector<Dim>& dims) {
  std::vector<int32_t> out;
  for (const Dim& d : dims) {
    HONE_ASSIGN(int32_t i, index(d));
    out.push_back(i);
  }
  return out;
}

}  // namespace hone::engine
