// The frame around sections: head, policy, style, script.
#pragma once

#include <string>
#include <vector>

#include "ship/report/html.h"

namespace hone::ship::report {

struct Page {
  std::string title;     // of the browser's tab
  std::string headline;  // h1
  std::string subtitle;  // beside it
  Html body;
};

// What a file needs around its body: nothing is loaded from anywhere, and no script runs but the
// one whose hash (base64 of its SHA-256) is given.
struct Frame {
  std::string title;  // of the browser's tab
  std::vector<const char*> styles;
  const char* script = nullptr;
  const char* script_hash = nullptr;
};
std::string html_file(const Frame& frame, const Html& body);

// A whole file that loads nothing from anywhere and runs no script but its own.
std::string html_file(const Page& page);

}  // namespace hone::ship::report
