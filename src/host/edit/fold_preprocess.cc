#include "host/edit/fold_preprocess.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "host/model/names.h"

namespace hone::edit {

namespace {

class Folding {
 public:
  Folding(model::Model* model, const Normalisation& how) : g_(model->graph), how_(how) {}

  Status run(const std::string& input) {
    HONE_RETURN_IF_ERROR(take_input(input));
    HONE_RETURN_IF_ERROR(take_numbers());
    std::vector<size_t> readers;
    for (size_t i = 0; i < g_.nodes.size(); ++i) {
      std::set<std::string> reads;
      model::names_read(g_.nodes[i], &reads);
      if (reads.contains(input)) readers.push_back(i);
    }
    const bool is_output = std::any_of(g_.outputs.begin(), g_.outputs.end(),
                                       [&](const auto& o) { return o.name == input; });
    if (is_output) return unsupported(fmt::format("input '{}' is an output as well", input));
    const bool folds =
        !readers.empty() && std::all_of(readers.begin(), readers.end(),
                                        [&](size_t i) { return is_foldable(g_.nodes[i], input); });
    const bool pads = std::any_of(readers.begin(), readers.end(),
                                  [&](size_t i) { return !has_no_pads(g_.nodes[i]); });
    const std::string floats = prepare(input, folds, pads);
    for (const size_t i : readers) {
      for (std::string& name : g_.nodes[i].inputs) {
        if (name == input) name = floats;
      }
      if (folds) fold_into(&g_.nodes[i], pads);
    }
    g_.nodes.insert(g_.nodes.begin(), std::make_move_iterator(before_.begin()),
                    std::make_move_iterator(before_.end()));
    return {};
  }

 private:
  size_t axis() const { return how_.planes ? 1 : 3; }
  bool transposes() const { return how_.planes && how_.channels_last; }

  Status take_input(const std::string& name) {
    const auto at = std::find_if(g_.inputs.begin(), g_.inputs.end(),
                                 [&](const auto& v) { return v.name == name; });
    if (at == g_.inputs.end()) return error(Code::not_found, fmt::format("no input '{}'", name));
    model::TypeProto& t = at->type;
    const bool picture = t.kind == model::TypeProto::Kind::tensor && is_float(t.dtype) &&
                         t.has_shape && t.shape.size() == 4 && t.shape[axis()].size > 0;
    if (!picture) {
      return unsupported(fmt::format("input '{}' is no picture of floats, {} with a fixed C", name,
                                     how_.planes ? "[N,C,H,W]" : "[N,H,W,C]"));
    }
    dtype_ = t.dtype;
    channels_ = t.shape[axis()].size;
    t.dtype = DType::u8;
    if (transposes()) t.shape = {t.shape[0], t.shape[2], t.shape[3], t.shape[1]};
    return {};
  }

  Status take_numbers() {
    const auto spread = [&](const std::vector<double>& given, double otherwise) {
      std::vector<double> all = given.empty() ? std::vector<double>{otherwise} : given;
      if (all.size() == 1) all.resize(static_cast<size_t>(channels_), all[0]);
      return all;
    };
    mean_ = spread(how_.mean, 0);
    deviation_ = spread(how_.deviation, 1);
    if (std::ssize(mean_) != channels_ || std::ssize(deviation_) != channels_) {
      return unsupported(fmt::format("the input has {} channels, mean and deviation are {} and {}",
                                     channels_, how_.mean.size(), how_.deviation.size()));
    }
    const bool zero = how_.scale == 0 || std::any_of(deviation_.begin(), deviation_.end(),
                                                     [](double d) { return d == 0; });
    if (zero) return invalid("a scale or deviation of 0");
    return {};
  }

  const Tensor* constant(const std::string& name) const {
    for (const auto& i : g_.initializers) {
      if (i.name == name) return &i.tensor;
    }
    return nullptr;
  }

  bool is_foldable(const model::NodeProto& n, const std::string& input) const {
    if (!how_.planes || n.op_type != "Conv" || !n.domain.empty() || n.inputs.size() < 2 ||
        n.inputs[0] != input) {
      return false;
    }
    const Tensor* w = constant(n.inputs[1]);
    const bool plain = w != nullptr && w->rank() == 4 && is_float(w->dtype());
    const bool bias =
        n.inputs.size() < 3 || n.inputs[2].empty() || constant(n.inputs[2]) != nullptr;
    return plain && bias && w->dims()[1] == channels_;  // one group
  }

  static bool has_no_pads(const model::NodeProto& n) {
    for (const auto& a : n.attributes) {
      const auto* pads = std::get_if<std::vector<int64_t>>(&a.value);
      if (a.name == "pads" && pads != nullptr &&
          std::any_of(pads->begin(), pads->end(), [](int64_t p) { return p != 0; })) {
        return false;
      }
      const auto* text = std::get_if<std::string>(&a.value);
      if (a.name == "auto_pad" && text != nullptr && text->starts_with("SAME")) return false;
    }
    return true;
  }

  std::string fresh(const std::string& stem) {
    std::set<std::string> taken;
    for (const auto& n : g_.nodes) taken.insert(n.outputs.begin(), n.outputs.end());
    for (const auto& n : before_) taken.insert(n.outputs.begin(), n.outputs.end());
    for (const auto& i : g_.initializers) taken.insert(i.name);
    for (const auto& v : g_.inputs) taken.insert(v.name);
    std::string name = stem;
    for (int k = 1; taken.contains(name); ++k) name = fmt::format("{}_{}", stem, k);
    return name;
  }

  std::string add(const char* op, std::vector<std::string> inputs, const std::string& stem,
                  std::vector<model::Attribute> attributes = {}) {
    model::NodeProto n;
    n.op_type = op;
    n.name = stem;
    n.inputs = std::move(inputs);
    n.outputs = {fresh(stem)};
    n.attributes = std::move(attributes);
    before_.push_back(std::move(n));
    return before_.back().outputs[0];
  }

  std::string by_channel(const std::string& stem, const std::vector<double>& values) {
    Tensor t(dtype_, how_.planes ? Dims{1, channels_, 1, 1} : Dims{1, 1, 1, channels_});
    for (int64_t c = 0; c < channels_; ++c) t.set(c, values[static_cast<size_t>(c)]);
    g_.initializers.push_back({fresh(stem), std::move(t)});
    return g_.initializers.back().name;
  }

  // What the readers get; the divisor and, without pads, the mean are left to foldable ones.
  std::string prepare(const std::string& input, bool folds, bool pads) {
    std::string x = input;
    if (transposes()) {
      x = add("Transpose", {x}, input + "_planes",
              {{"perm", std::vector<int64_t>{0, 3, 1, 2}, "", 0}});
    }
    const int64_t to = dtype_ == DType::f32   ? 1
                       : dtype_ == DType::f16 ? 10
                       : dtype_ == DType::f64 ? 11
                                              : 16;
    x = add("Cast", {x}, input + "_floats", {{"to", to, "", 0}});
    if (!folds || pads) {
      std::vector<double> raw;  // the mean in bytes
      for (const double m : mean_) raw.push_back(m / how_.scale);
      const bool nothing = std::all_of(raw.begin(), raw.end(), [](double m) { return m == 0; });
      if (!nothing) x = add("Sub", {x, by_channel(input + "_mean", raw)}, input + "_centred");
    }
    if (folds) return x;
    std::vector<double> factor;
    for (const double d : deviation_) factor.push_back(how_.scale / d);
    return add("Mul", {x, by_channel(input + "_factor", factor)}, input + "_normalised");
  }

  // Sum over w (x scale - mean) / deviation = sum over (w scale / deviation) x - what is constant.
  void fold_into(model::NodeProto* n, bool pads) {
    const Tensor w = *constant(n->inputs[1]);
    Tensor scaled(w.dtype(), w.dims());
    const int64_t window = w.dims()[2] * w.dims()[3], filters = w.dims()[0];
    std::vector<double> moved(static_cast<size_t>(filters), 0);
    for (int64_t i = 0; i < w.count(); ++i) {
      const auto c = static_cast<size_t>(i / window % channels_);
      scaled.set(i, w.at(i) * how_.scale / deviation_[c]);
      moved[static_cast<size_t>(i / window / channels_)] += w.at(i) * mean_[c] / deviation_[c];
    }
    const std::string name = fresh(n->inputs[1] + "_of_bytes");
    const Tensor* had =
        n->inputs.size() > 2 && !n->inputs[2].empty() ? constant(n->inputs[2]) : nullptr;
    Tensor bias(w.dtype(), {filters});
    for (int64_t k = 0; k < filters; ++k) {
      bias.set(k, (had != nullptr ? had->at(k) : 0) - moved[static_cast<size_t>(k)]);
    }
    g_.initializers.push_back({name, std::move(scaled)});
    n->inputs[1] = name;
    if (pads) return;
    n->inputs.resize(3);
    const std::string bias_name = fresh(name + "_bias");
    g_.initializers.push_back({bias_name, std::move(bias)});
    n->inputs[2] = bias_name;
  }

  model::GraphProto& g_;
  const Normalisation& how_;
  DType dtype_ = DType::f32;
  int64_t channels_ = 0;
  std::vector<double> mean_, deviation_;
  std::vector<model::NodeProto> before_;
};

}  // namespace

Status fold_preprocess(model::Model* model, const std::string& input, const Normalisation& how) {
  return Folding(model, how).run(input);
}

}  // namespace hone::edit
