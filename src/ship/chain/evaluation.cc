#include "ship/chain/evaluation.h"

#include <fmt/format.h>

#include "host/tasks/idx.h"
#include "ship/gate/gate.h"
#include "ship/project/picture.h"

namespace hone::ship {

using nlohmann::json;

namespace {

// The first n of a tensor along axis 0.
Tensor head(const Tensor& t, int64_t n) {
  Dims dims = t.dims();
  dims[0] = n;
  auto all = t.as<uint8_t>();
  return Tensor::of<uint8_t>(dims, all.subspan(0, static_cast<size_t>(element_count(dims))));
}

}  // namespace

Result<LabelledData> load_data(const Dataset& dataset) {
  LabelledData d;
  HONE_ASSIGN(d.images, tasks::read_idx(dataset.images));
  HONE_ASSIGN(d.labels, tasks::read_idx(dataset.labels));
  bool fits =
      d.images.rank() == 3 && d.labels.rank() == 1 && d.images.dims()[0] == d.labels.dims()[0];
  if (!fits) {
    return Status(Code::shape_mismatch, fmt::format("{} {} and {} {} do not go together",
                                                    dataset.images, to_string(d.images.dims()),
                                                    dataset.labels, to_string(d.labels.dims())));
  }
  if (d.count() == 0) return invalid(dataset.images + ": holds no picture");
  if (dataset.limit > 0 && dataset.limit < d.count()) {
    d.images = head(d.images, dataset.limit);
    d.labels = head(d.labels, dataset.limit);
  }
  return d;
}

Result<Tensor> sample(const LabelledData& data, int64_t i, const preprocess::ImageContract& k) {
  auto height = static_cast<int32_t>(data.images.dims()[1]);
  auto width = static_cast<int32_t>(data.images.dims()[2]);
  const uint8_t* pixels = data.images.as<uint8_t>().data() + i * height * width;
  return to_input(k, {pixels, width, height, 1, width});
}

Result<tasks::Accuracy> evaluate(Session& session, size_t output, const LabelledData& data,
                                 const preprocess::ImageContract& k, int64_t class_count,
                                 const std::function<void(double, double)>& progress) {
  tasks::Accuracy a;
  auto labels = data.labels.as<uint8_t>();
  for (int64_t i = 0; i < data.count(); ++i) {
    const int label = labels[static_cast<size_t>(i)];
    if (label >= class_count) {
      return invalid(
          fmt::format("picture {} has label {}, there are {} classes", i, label, class_count));
    }
    HONE_ASSIGN(Tensor x, sample(data, i, k));
    HONE_RETURN_IF_ERROR(session.bind({x.dims()}));
    HONE_RETURN_IF_ERROR(session.set_input(0, x));
    HONE_RETURN_IF_ERROR(session.run());
    Tensor y = session.output(output);
    if (y.count() != class_count) {
      return Status(
          Code::shape_mismatch,
          fmt::format("the model gives {} scores, there are {} labels", y.count(), class_count));
    }
    tasks::add_sample(&a, y, label, class_count);
    if (progress && i % 64 == 0)
      progress(static_cast<double>(i), static_cast<double>(data.count()));
  }
  return a;
}

nlohmann::json accuracy_summary(const LabelledData& d, const tasks::Accuracy& b,
                                const tasks::Accuracy& e, const std::vector<std::string>& labels) {
  json classes = json::array();
  std::vector<Paired> paired(labels.size());
  auto truth = d.labels.as<uint8_t>();
  Paired all{"", e.samples, 0, 0};
  for (size_t i = 0; i < e.hits.size(); ++i) {
    bool lost = b.hits[i] != 0 && e.hits[i] == 0, gained = b.hits[i] == 0 && e.hits[i] != 0;
    all.lost += lost, all.gained += gained;
    if (truth[i] < paired.size()) paired[truth[i]].lost += lost, paired[truth[i]].gained += gained;
  }
  size_t worst = 0;
  for (size_t c = 0; c < labels.size(); ++c) {
    if (e.class_percent(c) < e.class_percent(worst)) worst = c;
    classes.push_back({{"name", labels[c]},
                       {"samples", e.classes[c].samples},
                       {"percent", e.class_percent(c)},
                       {"baseline_percent", b.class_percent(c)},
                       {"lost", paired[c].lost},
                       {"gained", paired[c].gained}});
  }
  return json{{"text", fmt::format("{:.2f} % of {}, baseline {:.2f} %, worst class {} {:.1f} %",
                                   e.percent(), e.samples, b.percent(), labels[worst],
                                   e.class_percent(worst))},
              {"percent", e.percent()},
              {"baseline_percent", b.percent()},
              {"samples", e.samples},
              {"lost", all.lost},
              {"gained", all.gained},
              {"worst", labels[worst]},
              {"worst_percent", e.class_percent(worst)},
              {"classes", classes}};
}

}  // namespace hone::ship
