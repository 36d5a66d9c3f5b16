#include "ship/report/style.h"

namespace hone::ship::report {

// Colours: blue against orange with green and amber beside them, told apart by every common kind
// of colour blindness; text on them reaches a contrast of 4.5 in both schemes.
const char* const style = R"css(
:root{color-scheme:light dark;--bg:#fff;--ink:#15181e;--soft:#555d69;--rule:#dcdfe5;
--panel:#f4f5f7;
--blue:#0a66ad;--orange:#c04c00;--pass:#0b6b50;--fail:#b3300b;--undecided:#7d5600;
--pass-bg:#e4f3ed;--fail-bg:#fcebe4;--undecided-bg:#faf0d7;--bar:#5c97c9;--base:#b4bac4;
--band:#cfe0ef;--r1:#b3300b;--r2:#e08a3c;--r3:#d9c56a;--r4:#6fa9cf;--r5:#0a66ad;--violet:#8a4f9e}
@media screen and (prefers-color-scheme:dark){
:root{--bg:#111419;--ink:#e7e9ed;--soft:#a0a8b4;--rule:#2d333c;
--panel:#1a1e25;--blue:#6db3f0;--orange:#ff9d5c;--pass:#4fd0a3;--fail:#ff8f66;--undecided:#e6bb55;
--pass-bg:#12291f;--fail-bg:#331b12;--undecided-bg:#2c2410;--bar:#4a86b8;--base:#5a626e;
--band:#23394c;--r1:#e0562b;--r2:#c9813f;--r3:#b7a552;--r4:#5b93b8;--r5:#6db3f0;--violet:#c08fd2}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%}
body{margin:0;background:var(--bg);color:var(--ink);font:16px/1.5 system-ui,-apple-system,
"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;overflow-wrap:anywhere}
main,.top{max-width:1080px;margin:0 auto;padding:0 28px}
.top{padding-top:30px;padding-bottom:18px;display:flex;flex-wrap:wrap;align-items:baseline;
gap:4px 20px;justify-content:space-between}
h1{font-size:25px;line-height:1.2;margin:0;letter-spacing:-.01em;font-weight:680}
.top p{margin:0;color:var(--soft);font-size:14px}
h2,h3,h4{line-height:1.25;letter-spacing:-.005em}
main>section>h2,article>h2{font-size:20px;margin:44px 0 12px;padding-top:14px;
border-top:2px solid var(--ink);font-weight:650}
article>section>h3{font-size:18px;margin:36px 0 10px;padding-top:10px;
border-top:1px solid var(--rule)}
section h3,section h4{font-size:15px;margin:26px 0 6px;font-weight:650}
p{margin:8px 0}
.lead{max-width:76ch}
.note{color:var(--soft);font-size:13.5px;max-width:84ch}
code,pre{font:13px/1.55 ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace}
pre{background:var(--panel);padding:12px 16px;border-radius:6px;overflow-x:auto;margin:10px 0;
white-space:pre-wrap}
.commands code{display:block;padding-left:2ch;text-indent:-2ch}
.commands code::before{content:"$ ";color:var(--soft)}
.icon{width:1.15em;height:1.15em;flex:none;vertical-align:-.2em}
.icon path{fill:none;stroke:currentColor;stroke-width:2.6;stroke-linecap:round;
stroke-linejoin:round}
span.pass{color:var(--pass)}span.fail{color:var(--fail)}span.undecided{color:var(--undecided)}
.verdict{padding:24px 30px 26px;border-radius:10px;border-left:10px solid}
.verdict.pass{background:var(--pass-bg);border-color:var(--pass)}
.verdict.fail{background:var(--fail-bg);border-color:var(--fail)}
.verdict.undecided{background:var(--undecided-bg);border-color:var(--undecided)}
.word{margin:0;display:flex;align-items:center;gap:.25em;font-size:clamp(32px,6.4vw,54px);
line-height:1.1;font-weight:780;letter-spacing:-.02em}
.verdict.pass .word{color:var(--pass)}.verdict.fail .word{color:var(--fail)}
.verdict.undecided .word{color:var(--undecided)}
.word .icon{width:.95em;height:.95em}
.summary{margin:10px 0 0;font-size:17px}
.reasons{list-style:none;margin:14px 0 0;padding:0;display:grid;gap:8px}
.reasons li{display:flex;gap:10px;max-width:86ch;font-variant-numeric:tabular-nums}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(148px,1fr));gap:0;
margin:22px 0 0;
border-top:1px solid var(--rule);border-bottom:1px solid var(--rule)}
.tile{padding:12px 14px 12px 0}
.tile dt{font-size:13px;color:var(--soft)}
.tile dd{margin:0}
.big{display:block;font-size:25px;line-height:1.25;font-weight:620;letter-spacing:-.015em;
font-variant-numeric:tabular-nums;white-space:nowrap}
.tile .note{display:block;font-size:12.5px;line-height:1.4}
.scroll{overflow-x:auto;margin:10px 0}
.scroll:focus-visible,pre:focus-visible{outline:2px solid var(--blue);outline-offset:2px}
table{overflow-wrap:break-word;border-collapse:collapse;width:100%;font-size:14px;
font-variant-numeric:tabular-nums}
th,td{padding:6px 14px 6px 0;text-align:left;vertical-align:middle;
border-bottom:1px solid var(--rule)}
th:last-child,td:last-child{padding-right:0}
thead th{font-weight:600;color:var(--soft);font-size:13px;border-bottom:1px solid var(--ink);
vertical-align:bottom}
tbody th{font-weight:550;min-width:5em}
.checks tbody th{min-width:11em}
.num{text-align:right;white-space:nowrap}thead .num{white-space:normal}
.words{color:var(--soft);white-space:normal;min-width:8em}
.num.words{text-align:right}
th button{all:unset;cursor:pointer}
th button::after{content:" \2195";color:var(--base);font-weight:400}
th[aria-sort=ascending] button::after{content:" \2191";color:var(--ink)}
th[aria-sort=descending] button::after{content:" \2193";color:var(--ink)}
th button:focus-visible{outline:2px solid var(--blue);outline-offset:2px}
.badge{display:inline-flex;align-items:center;gap:5px;padding:1px 9px 1px 6px;border-radius:99px;
font-size:13px;font-weight:600;white-space:nowrap}
.badge.pass{background:var(--pass-bg);color:var(--pass)}
.badge.fail{background:var(--fail-bg);color:var(--fail)}
.badge.undecided{background:var(--undecided-bg);color:var(--undecided)}
.plotcell{min-width:150px;width:26%}
.barcell{min-width:110px;width:22%}.memory .barcell{width:52%}
svg{display:block}
.interval{width:100%;height:24px;overflow:visible}
.rail{stroke:var(--rule)}.zero{stroke:var(--soft);stroke-width:1}
.limit{stroke:var(--ink);stroke-width:2.5}
.span{stroke-width:5;stroke-opacity:.45}
.point{stroke:var(--bg);stroke-width:1.5}
.interval .pass{stroke:var(--pass)}.interval .fail{stroke:var(--fail)}
.interval .undecided{stroke:var(--undecided)}.interval .plain{stroke:var(--blue)}
.interval .point{stroke:var(--bg)}
.interval .point.pass,.fill.pass{fill:var(--pass)}.interval .point.fail,.fill.fail{
fill:var(--fail)}
.interval .point.undecided,.fill.undecided{fill:var(--undecided)}
.interval .point.plain,.fill.plain{fill:var(--blue)}
.fill{stroke:none!important;fill-opacity:.35}
.cellbar{width:100%;height:14px}
.track{fill:none}.plainbar{fill:var(--bar)}
.roof.r1{fill:var(--r1);background:var(--r1)}.roof.r2{fill:var(--r2);background:var(--r2)}
.roof.r3{fill:var(--r3);background:var(--r3)}.roof.r4{fill:var(--r4);background:var(--r4)}
.roof.r5{fill:var(--r5);background:var(--r5)}.roof.none{fill:var(--base)}
.legend{list-style:none;display:flex;flex-wrap:wrap;gap:4px 18px;margin:8px 0;padding:0;
font-size:13px;color:var(--soft)}
.legend li{display:flex;align-items:center;gap:7px}
.key{width:14px;height:11px;border-radius:2px;flex:none}
.pair{width:100%;min-width:110px;height:22px}
.basebar{fill:var(--base);background:var(--base)}.enginebar{fill:var(--bar);background:var(--bar)}
.critical{display:inline-block;margin-left:8px;font-size:12px;font-weight:600;color:var(--orange);
white-space:nowrap}
.layers th[scope=row]{min-width:285px;max-width:360px}
.what,.where,.layers code{display:block}
.where{font-size:12px;color:var(--soft);font-weight:400;line-height:1.35}
.layers code{font-size:11.5px;color:var(--soft);font-weight:400;line-height:1.4}
.layers td code{white-space:nowrap}
.split{width:100%;height:34px;border-radius:4px;margin-top:8px}
.part0{fill:var(--base);background:var(--base)}
.part1{fill:var(--r3);background:var(--r3)}.part2{fill:var(--bar);background:var(--bar)}
.part3{fill:var(--violet);background:var(--violet)}
.plotbox{margin:6px 0 4px}
.yname{font-size:12.5px;color:var(--soft)}
.plot{margin:0 6px 0 56px;padding-top:12px;padding-bottom:44px}
.lanes1{padding-top:26px}.lanes2{padding-top:43px}.lanes3{padding-top:60px}.lanes4{
padding-top:77px}
.lanes5{padding-top:94px}.lanes6{padding-top:111px}.lanes7{padding-top:128px}
.lanes8{padding-top:145px}.lanes9{padding-top:162px}
.chart{width:100%;height:220px;overflow:visible}
.over{overflow:visible}
.chart text{font-size:12px;fill:var(--soft);font-variant-numeric:tabular-nums}
.chart .lane{fill:var(--ink);font-weight:550;paint-order:stroke;stroke:var(--bg);stroke-width:3px}
.end{text-anchor:end}.mid{text-anchor:middle}
.grid{stroke:var(--rule)}.axis{stroke:var(--soft)}
.bar{fill:var(--bar)}.bar:hover{fill:var(--blue)}.rug{fill:var(--blue)}
.band{fill:var(--band)}
.line{fill:none;stroke:var(--blue);stroke-width:2;vector-effect:non-scaling-stroke;
stroke-linejoin:round}
.mark{stroke-width:1.25}
.quantile{stroke:var(--ink);stroke-dasharray:3 3}
.limitmark{stroke:var(--fail);stroke-width:2}
.dot{stroke:var(--bg);stroke-width:1.5}
.s1{stroke:var(--blue)}.s2{stroke:var(--orange)}.s3{stroke:var(--violet)}.s4{stroke:var(--base)}
.dot.s1{fill:var(--blue);stroke:var(--bg)}.dot.s2{fill:var(--orange);stroke:var(--bg)}
.dot.s3{fill:var(--violet);stroke:var(--bg)}.dot.s4{fill:var(--base);stroke:var(--bg)}
.key.s1{background:var(--blue)}.key.s2{background:var(--orange)}.key.s3{background:var(--violet)}
.key.s4{background:var(--base)}
.trends{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,420px),1fr));
gap:0 36px}
.trend .chart{height:150px}
.trend{display:flex;flex-direction:column}.trend .plotbox{margin-top:auto}
.runs th[scope=row]{min-width:9.5em}
.runs td.words{min-width:16em;font-size:13px}
.ladder th[scope=row]{min-width:14em}.ladder td.words{width:44%}
.layers td.words{font-size:13px}.tried{min-width:19em}
.kept{color:var(--pass);font-size:13px;margin-left:4px;white-space:nowrap}
.findings{margin:8px 0;padding-left:1.3em;max-width:86ch;font-size:14px}
.slip{margin:0 0 14px;max-width:86ch;font-size:14px}
.findings li{margin:4px 0}
.pairs{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,310px),1fr));
gap:0 32px;
margin:10px 0;font-size:14px}
.pairs div{display:flex;gap:14px;padding:5px 0;border-bottom:1px solid var(--rule)}
.pairs dt{color:var(--soft);flex:0 0 38%}
.pairs dd{margin:0;flex:1;font-variant-numeric:tabular-nums}
.pairs dd.words{min-width:0}
details{margin:8px 0}summary{cursor:pointer;color:var(--blue);padding:6px 0;font-size:14px}
article{margin-top:48px}
article>header h2{font-size:23px;margin:0 0 14px}
footer{max-width:1080px;margin:48px auto 0;padding:14px 28px 40px;color:var(--soft);
font-size:13px}
@media (max-width:640px){main,.top,footer{padding-left:16px;padding-right:16px}
.verdict{padding:18px 18px 20px;border-left-width:7px}.minor{display:none}.big{font-size:22px}
.tiles{grid-template-columns:1fr 1fr}.chart{height:190px}.plot{margin-left:48px}
th,td{padding-right:12px}.scroll{margin-right:0}
.stack thead{position:absolute;clip-path:inset(50%);width:1px;height:1px;overflow:hidden}
.stack,.stack tbody{display:block}
.stack tr{display:flex;flex-wrap:wrap;gap:3px 16px;padding:10px 0;
border-bottom:1px solid var(--rule)}
.stack tbody th,.stack td{display:block;border:0;padding:0;text-align:left;width:auto;min-width:0}
.stack tbody th,.layers.stack th[scope=row]{flex:1 1 56%;max-width:none;min-width:0}
.stack td.plotcell,.stack td.barcell,.stack td.words,.runs.stack td.words{flex:1 0 100%;
min-width:0}
.stack td:empty{display:none}
.stack td[data-label]::before{content:attr(data-label) " ";color:var(--soft);font-size:12px}
.stack td.num.words{text-align:left}
.stack td.words[data-label]::before{content:none}
.overview.stack th,.layers.stack th{flex-basis:100%!important}}
@media print{@page{size:A4;margin:14mm}
:root{color-scheme:light}
body{font-size:10.5pt;-webkit-print-color-adjust:exact;print-color-adjust:exact}
main,.top,footer{max-width:none;padding-left:0;padding-right:0}.top{padding-top:0}
h2,h3,h4,.yname{break-after:avoid}.verdict,.tiles,tr,.plotbox,.split,.trend{break-inside:avoid}
table{font-size:8.5pt}th,td{padding:3px 8px 3px 0}.checks tbody th{min-width:8em}
.plotcell,.barcell{min-width:70px}.words{min-width:0}.layers th[scope=row]{min-width:150px}
.layers td code,.checks .num{white-space:normal}.runs td.words{min-width:9em}
.badge{font-size:8pt;padding:0 6px 0 4px}.layers td code{overflow-wrap:anywhere}
.scroll{overflow:visible}
main>section>h2,article>h2{margin-top:26px}
article{break-before:page}th button::after{content:""}
details::details-content{content-visibility:visible;block-size:auto}summary{display:none}}
)css";

}  // namespace hone::ship::report
