#include "ship/chain/evaluation.h"

#include <fmt/format.h>

#include "host/tasks/idx.h"
#include "ship/project/picture.h"

namespace hone::ship {

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

Result<tasks::Accuracy> evaluate(Session& session, const LabelledData& data,
                                 const preprocess::ImageContract& k, int64_t class_count,
                                 const std::function<void(double, double)>& progress) {
  tasks::Accuracy a;
  auto labels = data.labels.as<uint8_t>();
  for (int64_t i = 0; i < data.count(); ++i) {
    HONE_ASSIGN(Tensor x, sample(data, i, k));
    HONE_RETURN_IF_ERROR(session.bind({x.dims()}));
    HONE_RETURN_IF_ERROR(session.set_input(0, x));
    HONE_RETURN_IF_ERROR(session.run());
    Tensor y = session.output(0);
    if (y.count() != class_count) {
      return Status(
          Code::shape_mismatch,
          fmt::format("the model gives {} scores, there are {} labels", y.count(), class_count));
    }
    tasks::add_sample(&a, y, labels[static_cast<size_t>(i)], class_count);
    if (progress && i % 64 == 0)
      progress(static_cast<double>(i), static_cast<double>(data.count()));
  }
  return a;
}

}  // namespace hone::ship
