#include "ship/report/page.h"

#include <fmt/format.h>

#include "ship/report/style.h"

namespace hone::ship::report {

std::string html_file(const Frame& frame, const Html& body) {
  const std::string policy = fmt::format(
      "default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{}'; base-uri 'none'; "
      "form-action 'none'",
      frame.script_hash);
  Html head =
      element("meta", {{"charset", "utf-8"}}) +
      element("meta", {{"http-equiv", "Content-Security-Policy"}, {"content", policy}}) +
      element("meta", {{"name", "viewport"}, {"content", "width=device-width, initial-scale=1"}}) +
      element("meta", {{"name", "color-scheme"}, {"content", "light dark"}}) +
      element("meta", {{"name", "referrer"}, {"content", "no-referrer"}}) +
      element("title", {}, frame.title);
  for (const char* style : frame.styles) head += element("style", {}, literal(style));
  const Html whole = body + element("script", {}, literal(frame.script));
  return "<!DOCTYPE html>\n" +
         element("html", {{"lang", "en"}}, element("head", {}, head) + element("body", {}, whole))
             .str() +
         "\n";
}

std::string html_file(const Page& page) {
  Html top = element("h1", {}, page.headline);
  if (!page.subtitle.empty()) top += element("p", {}, page.subtitle);
  const Html body = element("header", {{"class", "top"}}, top) + literal("\n") +
                    element("main", {}, page.body) + literal("\n") +
                    element("footer", {},
                            "Written by Hone. One file, nothing is loaded from "
                            "elsewhere.");
  return html_file(Frame{page.title, {style}, script, script_hash}, body);
}

}  // namespace hone::ship::report
