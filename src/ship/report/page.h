// The frame around sections: head, policy, style, script.
#pragma once

#include <string>

#include "ship/report/html.h"

namespace hone::ship::report {

struct Page {
  std::string title;     // of the browser's tab
  std::string headline;  // h1
  std::string subtitle;  // beside it
  Html body;
};

// A whole file that loads nothing from anywhere and runs no script but its own.
std::string html_file(const Page& page);

}  // namespace hone::ship::report
