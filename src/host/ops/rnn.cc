#include "host/ops/rnn.h"

#include <algorithm>
#include <cmath>

#include "host/ops/infer_util.h"

namespace hone::ops {
namespace {

struct Entry {
  const char* name;  // in lower case: names are compared so
  RnnActivation::Function function;
  int parameters;  // how many of alpha and beta it takes
  double alpha, beta;
};

constexpr Entry table[] = {
    {"relu", [](double x, double, double) { return std::max(x, 0.0); }, 0, 0, 0},
    {"tanh", [](double x, double, double) { return std::tanh(x); }, 0, 0, 0},
    {"sigmoid", [](double x, double, double) { return 1 / (1 + std::exp(-x)); }, 0, 0, 0},
    {"softsign", [](double x, double, double) { return x / (1 + std::fabs(x)); }, 0, 0, 0},
    {"softplus",
     [](double x, double, double) {
       return std::max(x, 0.0) + std::log1p(std::exp(-std::fabs(x)));
     },
     0, 0, 0},
    {"leakyrelu", [](double x, double a, double) { return x >= 0 ? x : a * x; }, 1, 0.01f, 0},
    {"thresholdedrelu", [](double x, double a, double) { return x >= a ? x : 0; }, 1, 1, 0},
    {"elu", [](double x, double a, double) { return x >= 0 ? x : a * std::expm1(x); }, 1, 1, 0},
    {"affine", [](double x, double a, double b) { return a * x + b; }, 2, 1, 0},
    {"scaledtanh", [](double x, double a, double b) { return a * std::tanh(b * x); }, 2, 1, 1},
    {"hardsigmoid", [](double x, double a, double b) { return std::clamp(a * x + b, 0.0, 1.0); }, 2,
     0.2f, 0.5f},
};

const Entry* find(std::string name) {
  std::transform(name.begin(), name.end(), name.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  for (const Entry& e : table) {
    if (name == e.name) return &e;
  }
  return nullptr;
}

}  // namespace

Result<int64_t> rnn_directions(const Node& node) {
  const std::string text = node.attributes.s("direction", "forward");
  if (text == "forward" || text == "reverse") return 1;
  if (text == "bidirectional") return 2;
  return invalid(fmt::format("direction is '{}'", text));
}

Status rnn_meet(const InferContext& ctx, size_t i, size_t axis, const Dim& size, const char* what) {
  if (!ctx.has_input(i) || !ctx.has_rank(i)) return {};
  return check_equal(ctx.shape(i)[axis], size, what);
}

Status rnn_fill(const RefContext& ctx, size_t i, const Dims& dims, std::vector<double>* out) {
  if (!ctx.has_input(i)) return {};
  if (ctx.in(i).dims() != dims) {
    return error(Code::shape_mismatch, fmt::format("input {} has the shape {}, not {}", i,
                                                   to_string(ctx.in(i).dims()), to_string(dims)));
  }
  *out = load<double>(ctx.in(i));
  return {};
}

Result<std::vector<int64_t>> rnn_lengths(const RefContext& ctx, int64_t steps, int64_t batch) {
  std::vector<int64_t> lengths;
  if (!ctx.has_input(4)) return lengths;
  lengths = ints_of(ctx.in(4));
  const bool bad =
      std::any_of(lengths.begin(), lengths.end(), [&](int64_t n) { return n < 0 || n > steps; });
  if (!bad && static_cast<int64_t>(lengths.size()) == batch) return lengths;
  return invalid("sequence_lens does not fit X");
}

Result<std::vector<RnnActivation>> rnn_activations(const Node& node,
                                                   const std::vector<std::string>& fallback,
                                                   int64_t directions) {
  std::vector<std::string> names;
  for (int64_t d = 0; d < directions; ++d) {
    names.insert(names.end(), fallback.begin(), fallback.end());
  }
  if (const graph::Attr* given = node.attributes.find("activations")) {
    if (const auto* list = std::get_if<std::vector<std::string>>(given)) {
      if (list->size() != names.size()) {
        return invalid(fmt::format("{} activations, not {}", list->size(), names.size()));
      }
      names = *list;
    }
  }
  // Parameters are consumed in order by the functions that take them.
  const std::vector<float> alphas = node.attributes.floats("activation_alpha");
  const std::vector<float> betas = node.attributes.floats("activation_beta");
  size_t alpha = 0, beta = 0;
  std::vector<RnnActivation> result;
  for (const std::string& name : names) {
    const Entry* e = find(name);
    if (e == nullptr) return unsupported(fmt::format("the activation '{}'", name));
    const double a = e->parameters > 0 && alpha < alphas.size() ? alphas[alpha++] : e->alpha;
    const double b = e->parameters > 1 && beta < betas.size() ? betas[beta++] : e->beta;
    result.emplace_back(e->function, a, b);
  }
  return result;
}

}  // namespace hone::ops
