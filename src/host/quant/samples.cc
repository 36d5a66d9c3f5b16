#include "host/quant/samples.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <numeric>
#include <set>

#include "common/base/hash.h"
#include "host/model/array_file.h"

namespace hone::quant {

namespace fs = std::filesystem;
using graph::Graph;
using model::ArrayFile;
using Arrays = std::map<std::string, ArrayFile>;

namespace {

// One input's data: the arrays of several files stand one after the other.
struct Column {
  std::string input;
  graph::Fact fact;
  int64_t batch = 1;  // rows of a sample
  std::vector<ArrayFile> parts;
  std::vector<int64_t> ends;  // of each part, in samples
  int64_t samples() const { return ends.back(); }
};

std::string file_stem(std::string name) {
  std::replace(name.begin(), name.end(), '/', '_');
  return name;
}

// Files of a folder with this extension, by name.
std::vector<std::string> files_of(const std::string& folder, std::string_view extension) {
  std::vector<std::string> found;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    if (entry.path().extension() == extension) found.push_back(entry.path().string());
  }
  std::sort(found.begin(), found.end());
  return found;
}

Result<Arrays> arrays_of_folder(const Graph& g, const std::string& folder) {
  Arrays arrays;
  for (const std::string& file : files_of(folder, ".npy")) {
    std::string name = fs::path(file).stem().string();
    for (graph::ValueId v : g.block().inputs) {
      if (file_stem(g.value(v).name) == name) name = g.value(v).name;
    }
    HONE_ASSIGN(ArrayFile a, model::open_npy(file));
    arrays.emplace(name, std::move(a));
  }
  return arrays;
}

// Each element holds all inputs; their samples follow one another.
Result<std::vector<Arrays>> read_sources(const Graph& g, const std::string& path) {
  std::error_code error;
  std::vector<Arrays> sources;
  if (!fs::is_directory(path, error)) {
    if (!fs::exists(path, error)) return Status(Code::not_found, path + ": no such file");
    if (fs::path(path).extension() != ".npz") {
      return invalid(fmt::format(
          "{}: calibration data is a .npz file, or a folder of NAME.npy or .npz files", path));
    }
    HONE_ASSIGN(Arrays a, model::open_npz(path));
    sources.push_back(std::move(a));
    return sources;
  }
  const auto archives = files_of(path, ".npz");
  const bool plain = !files_of(path, ".npy").empty();
  if (archives.empty() && !plain) {
    return Status(Code::not_found, fmt::format("{}: holds neither .npy nor .npz files", path));
  }
  if (!archives.empty() && plain) {
    return invalid(
        fmt::format("{}: holds both .npy and .npz files; which are the data is not clear", path));
  }
  for (const std::string& file : archives) {
    HONE_ASSIGN(Arrays a, model::open_npz(file));
    sources.push_back(std::move(a));
  }
  if (plain) {
    HONE_ASSIGN(Arrays a, arrays_of_folder(g, path));
    sources.push_back(std::move(a));
  }
  return sources;
}

bool convertible(DType from, DType to) {
  return from == to || (is_float(from) && is_float(to)) || (is_integer(from) && is_integer(to));
}

std::string input_text(const Column& c) {
  return fmt::format("input '{}' ({})", c.input, to_string(c.fact));
}

// Appends an array to its column. What fits the input behind axis 0, and holds whole samples.
Status append(Column* c, const ArrayFile& a) {
  const std::string what =
      fmt::format("the array for {} is {}{}", input_text(*c), name(a.dtype()), to_string(a.dims()));
  if (!convertible(a.dtype(), c->fact.dtype)) {
    const bool pictures = is_integer(a.dtype()) && is_float(c->fact.dtype);
    return Status(Code::shape_mismatch,
                  what + (pictures ? "; give what the model is given: scaled and normalised floats"
                                   : "; give it in the input's type"));
  }
  if (!a.dims().empty() && a.rows() == 0) {
    return Status(Code::shape_mismatch, what + ": it holds no sample");
  }
  if (c->fact.has_rank()) {
    const graph::SymShape& shape = *c->fact.shape;
    bool fits = shape.size() == a.dims().size();
    for (size_t i = 1; fits && i < shape.size(); ++i) {
      fits = shape[i].const_value().value_or(a.dims()[i]) == a.dims()[i];
    }
    fits = fits && a.rows() > 0 && a.rows() % c->batch == 0;
    if (!fits) {
      return Status(Code::shape_mismatch, what +
                                              "; its first axis counts samples, the others are "
                                              "the input's");
    }
  } else if (a.rows() <= 0) {
    return Status(Code::shape_mismatch, what);
  }
  const int64_t before = c->ends.empty() ? 0 : c->ends.back();
  c->parts.push_back(a);
  c->ends.push_back(before + a.rows() / c->batch);
  return {};
}

Column make_column(const graph::Value& v) {
  Column c;
  c.input = v.name;
  c.fact = v.fact;
  if (v.fact.has_rank() && v.fact.rank() > 0) {
    c.batch = std::max<int64_t>(1, (*v.fact.shape)[0].const_value().value_or(1));
  }
  return c;
}

Status check_names(const Graph& g, const Arrays& arrays) {
  std::vector<std::string> inputs;
  for (graph::ValueId v : g.block().inputs) inputs.push_back(g.value(v).name);
  for (const auto& [name, array] : arrays) {
    if (std::find(inputs.begin(), inputs.end(), name) != inputs.end()) continue;
    return invalid(fmt::format("array '{}' is not an input; the model takes {}", name,
                               fmt::join(inputs, ", ")));
  }
  for (const std::string& input : inputs) {
    if (!arrays.contains(input)) return invalid(fmt::format("no array for input '{}'", input));
  }
  return {};
}

// An array of the input's own shape is one value for all samples: where the input's first
// dimension is another symbol than that of the inputs that are counted.
bool is_own_shape(const Column& c) {
  return c.parts.size() == 1 && c.fact.has_rank() && c.fact.rank() > 0 &&
         !(*c.fact.shape)[0].is_const();
}

// How many samples all columns have; a column of one sample serves for all.
Result<int64_t> count_samples(std::vector<Column>* columns) {
  const Column* most = &columns->front();
  for (const Column& c : *columns) {
    if (c.fact.has_rank() && c.fact.rank() > (most->fact.has_rank() ? most->fact.rank() : 0)) {
      most = &c;
    }
  }
  // The input of the highest rank counts, unless it has one value.
  for (const Column& c : *columns) {
    if (most->samples() == 1 && c.samples() > 1) most = &c;
  }
  const int64_t count = most->samples();
  for (Column& c : *columns) {
    if (c.samples() == count || c.samples() == 1) continue;
    const bool own_axis =
        is_own_shape(c) && most->fact.has_rank() && !((*c.fact.shape)[0] == (*most->fact.shape)[0]);
    if (!own_axis) {
      return Status(Code::shape_mismatch, fmt::format("{} samples for input '{}' and {} for '{}'",
                                                      count, most->input, c.samples(), c.input));
    }
    c.batch = c.parts[0].rows();
    c.ends = {1};
  }
  return count;
}

Result<Tensor> convert(const Column& c, Tensor t, int64_t k) {
  const DType to = c.fact.dtype;
  if (t.dtype() == to) return t;
  Tensor out(to, t.dims());
  for (int64_t i = 0, n = t.count(); i < n; ++i) {
    out.set(i, is_integer(to) ? static_cast<double>(t.int_at(i)) : t.at(i));
    if (is_integer(to) && out.int_at(i) != t.int_at(i)) {
      return invalid(fmt::format("sample {} of input '{}': {} does not fit {}", k, c.input,
                                 t.int_at(i), name(to)));
    }
  }
  return out;
}

Result<Tensor> sample_of(const Column& c, int64_t k) {
  const int64_t at = c.samples() == 1 ? 0 : k;
  const auto part =
      static_cast<size_t>(std::upper_bound(c.ends.begin(), c.ends.end(), at) - c.ends.begin());
  const int64_t first = part == 0 ? 0 : c.ends[part - 1];
  const int64_t rows = c.parts[part].dims().empty() ? 1 : c.batch;
  auto t = c.parts[part].read((at - first) * rows, rows);
  if (!t.ok()) return in(fmt::format("sample {} of input '{}'", k, c.input), t.status());
  return convert(c, *std::move(t), k);
}

}  // namespace

Result<uint64_t> Samples::hash(int64_t k) const {
  HONE_ASSIGN(const std::vector<Tensor> tensors, get(k));
  uint64_t h = 0;
  for (const Tensor& t : tensors) {
    const auto dims = std::as_bytes(std::span(t.dims()));
    h = hash64(dims, h + static_cast<uint64_t>(t.dtype()));
    h = hash64(t.raw_bytes(), h);
  }
  return h;
}

Result<Samples> open_samples(const Graph& g, const std::string& path) {
  if (g.block().inputs.empty()) return invalid("the model has no inputs to calibrate with");
  HONE_ASSIGN(const std::vector<Arrays> sources, read_sources(g, path));
  auto columns = std::make_shared<std::vector<Column>>();
  for (graph::ValueId v : g.block().inputs) columns->push_back(make_column(g.value(v)));
  for (const Arrays& arrays : sources) {
    HONE_RETURN_IF_ERROR(in(path, check_names(g, arrays)));
    for (Column& c : *columns) HONE_RETURN_IF_ERROR(in(path, append(&c, arrays.at(c.input))));
  }
  auto count = count_samples(columns.get());
  if (!count.ok()) return in(path, count.status());
  Samples s;
  s.count = *count;
  s.get = [columns](int64_t k) -> Result<std::vector<Tensor>> {
    std::vector<Tensor> tensors;
    for (const Column& c : *columns) {
      HONE_ASSIGN(Tensor t, sample_of(c, k));
      tensors.push_back(std::move(t));
    }
    return tensors;
  };
  return s;
}

Samples subset(const Samples& all, std::vector<int64_t> places) {
  Samples s;
  s.count = static_cast<int64_t>(places.size());
  s.get = [get = all.get, places = std::move(places)](int64_t k) {
    return get(places[static_cast<size_t>(k)]);
  };
  return s;
}

Samples first_of(const Samples& all, int64_t most) {
  std::vector<int64_t> places(static_cast<size_t>(std::min(all.count, most)));
  std::iota(places.begin(), places.end(), 0);
  return subset(all, std::move(places));
}

Result<Split> split_held_out(const Samples& all) {
  constexpr int64_t share = 5;  // one in so many
  std::vector<std::pair<uint64_t, int64_t>> order;
  std::set<uint64_t> different;
  for (int64_t k = 0; k < all.count; ++k) {
    HONE_ASSIGN(const uint64_t h, all.hash(k));
    order.emplace_back(h, k);
    different.insert(h);
  }
  const auto kinds = static_cast<int64_t>(different.size());
  if (kinds < share) return Split{all, subset(all, {}), {}};
  // The smallest hashes are held out; ties are equal samples and go together.
  auto limit = different.begin();
  std::advance(limit, static_cast<std::ptrdiff_t>(kinds / share));
  std::sort(order.begin(), order.end());
  std::vector<int64_t> ranges, held_out;
  for (const auto& [h, k] : order) (h < *limit ? held_out : ranges).push_back(k);
  return Split{subset(all, std::move(ranges)), subset(all, held_out), held_out};
}

}  // namespace hone::quant
