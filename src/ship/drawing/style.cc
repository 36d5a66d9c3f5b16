#include "ship/drawing/style.h"

namespace hone::ship::drawing {

// Operators have the report's colours by what they do; white or black text on them reaches a
// contrast of 4.5 in both schemes.
const char* const style = R"css(
:root{--product:#0a5c9e;--activation:#a83f12;--pool:#2c6e3f;--norm:#6d4596;--shape:#7a5a00;
--quant:#0f6a70;--control:#96264f;--other:#4a5260;--on:#fff;--wire:#97a0ad;--sheet:#fbfbfc}
@media screen and (prefers-color-scheme:dark){
:root{--product:#7db9ec;--activation:#ff9f72;--pool:#7fcf93;--norm:#c8a2e6;--shape:#dcbc5a;
--quant:#6fcfd2;--control:#f58fb2;--other:#b3bbc7;--on:#0d1014;--wire:#5f6977;--sheet:#14181e}}
[hidden]{display:none!important}
.app{height:100vh;height:100dvh;display:grid;grid-template:auto 1fr/1fr 360px;
overflow:hidden}
.bar{grid-column:1/-1;display:flex;flex-wrap:wrap;align-items:center;gap:8px 16px;
padding:9px 16px;border-bottom:1px solid var(--rule);z-index:2}
.bar h1{font-size:17px;overflow:hidden;text-overflow:ellipsis;white-space:nowrap;max-width:34ch}
.bar .sub{margin:0;color:var(--soft);font-size:13px;flex:1 1 8em;min-width:0}
.find{position:relative;flex:0 1 300px}
.find input{width:100%;font:inherit;font-size:14px;padding:5px 10px;color:var(--ink);
background:var(--panel);border:1px solid var(--rule);border-radius:6px}
.found{position:absolute;inset:calc(100% + 4px) 0 auto auto;width:max(100%,min(420px,92vw));
max-height:60vh;overflow:auto;margin:0;padding:4px;list-style:none;background:var(--bg);
border:1px solid var(--rule);border-radius:8px;box-shadow:0 8px 28px #0003;z-index:5}
.found li{padding:5px 9px;border-radius:5px;font-size:13.5px;cursor:pointer}
.found li[aria-selected=true]{background:var(--panel);outline:1px solid var(--blue)}
.found li.none{color:var(--soft);cursor:default}
.found b{font-weight:620;margin-right:.6em}
.found span,.io .name,.from{color:var(--soft)}
.bar button,.side button{font:inherit;font-size:13px;color:var(--ink);background:var(--panel);
border:1px solid var(--rule);border-radius:6px;padding:4px 10px;cursor:pointer}
.bar button:hover,.side button:hover{border-color:var(--blue)}
.app :focus-visible{outline:2px solid var(--blue);outline-offset:1px}
.zoom{display:flex;gap:4px}
.zoom button{min-width:34px}
.stage{position:relative;max-width:none;margin:0;padding:0;min-width:0;min-height:0;
background:var(--sheet)}
.sheet{position:absolute;inset:0}
.sheet h2{display:none}
.sheet svg{width:100%;height:100%;cursor:grab;touch-action:none;user-select:none;
-webkit-user-select:none}
.sheet svg.drags{cursor:grabbing}
.sheet svg:focus-visible{outline-offset:-3px}
.crumbs{position:absolute;left:12px;top:10px;z-index:1;display:flex;gap:6px;flex-wrap:wrap;
font-size:13px}
.crumbs button{font:inherit;border:1px solid var(--rule);border-radius:99px;padding:2px 11px;
background:var(--bg);color:var(--ink);cursor:pointer}
.targets{width:100%;border-collapse:collapse;font-size:11.5px;line-height:1.3}
.targets td,.targets th{padding:2px 6px 2px 0;text-align:left}
.wires path{fill:none;stroke:var(--wire);stroke-width:1.3}
.wires path.reads{stroke:var(--orange);stroke-width:2.6}
.wires path.gives{stroke:var(--blue);stroke-width:2.6}
.tip{fill:var(--wire)}
.b{cursor:pointer;outline:none}
.b text{font-size:11px;fill:var(--ink);font-variant-numeric:tabular-nums}
.b .t{font-size:13px;font-weight:620;text-anchor:middle}
.b .l{fill:var(--soft);paint-order:stroke;stroke:var(--sheet);stroke-width:3px;
stroke-linejoin:round}
.box{fill:var(--bg);stroke:var(--tone);stroke-width:1.2}
.node .t{fill:var(--on)}
.head,.node .box.whole{fill:var(--tone)}
.input,.output,.outer{--tone:var(--soft)}
.input .box,.output .box{stroke-width:2}.outer .box{stroke-dasharray:4 3}
.product{--tone:var(--product)}.activation{--tone:var(--activation)}.pool{--tone:var(--pool)}
.norm{--tone:var(--norm)}.shape{--tone:var(--shape)}.quant{--tone:var(--quant)}
.control{--tone:var(--control)}.other{--tone:var(--other)}
.work{fill:var(--orange)}
.b .open{fill:var(--blue);font-weight:600}.b .open:hover{text-decoration:underline}
.mark{fill:var(--undecided);stroke:var(--sheet);stroke-width:2}
.b:hover .box{stroke-width:2.6}
.b.chosen .box{stroke:var(--ink);stroke-width:3.4}
.b:focus-visible .box{stroke:var(--blue);stroke-width:4}
.far .b text:not(.t),.far .tip,.far .mark{display:none}
.farther .b text{display:none}.far .wires path{stroke-width:2.4}.farther .wires path{stroke-width:5}
.farther .node .box{fill:var(--tone)}
.side{overflow-y:auto;border-left:1px solid var(--rule);padding:14px 18px 30px;font-size:14px}
.side h2{font-size:17px;margin:2px 0 4px;display:flex;gap:8px;align-items:center;
justify-content:space-between}
.side h3{font-size:13.5px;margin:20px 0 4px;font-weight:650}
.side dl{margin:0;display:grid;grid-template-columns:max-content minmax(0,1fr);gap:3px 14px}
.side dt{color:var(--soft)}.side dd{margin:0;font-variant-numeric:tabular-nums}
.side ul{margin:0;padding:0;list-style:none}
.side .name{display:block;font-size:12.5px;margin:0;color:var(--soft)}
.io li{padding:6px 0;border-bottom:1px solid var(--rule)}
.io code{display:block;font-size:12.5px}
.io button.link,.side button.link{all:unset;cursor:pointer;color:var(--blue);font-size:13px}
.side button.link:focus-visible{outline:2px solid var(--blue)}
.side button.link:hover{text-decoration:underline}
.ops{display:flex;flex-wrap:wrap;gap:5px}
.ops button{padding:2px 9px;border-radius:99px;border-color:var(--tone);border-width:1.5px}
.ops button span{color:var(--soft);margin-left:.4em}
.side .slip{border-left:4px solid var(--undecided);padding:1px 0 1px 10px;margin:8px 0 12px}
.slip p{margin:2px 0}.slip .note{font-size:13px}
.keys{color:var(--soft);font-size:12.5px;margin-top:24px}
.keys kbd{font:inherit;border:1px solid var(--rule);border-radius:4px;padding:0 5px}
#fold{display:none}
@media (max-width:760px){.app{grid-template:auto minmax(0,1fr) auto/1fr}
.side{border-left:0;border-top:1px solid var(--rule);max-height:45dvh}
.folded .side{display:none}#fold{display:block}.bar .sub{display:none}.find{flex:1 1 130px}}
@media print{@page{size:A4;margin:10mm}
:root{--sheet:#fff}.app{display:block;height:auto;overflow:visible}
.bar .find,.bar .zoom,.bar button,.crumbs,.side{display:none!important}
.bar{padding:0 0 8px}.sheet,.sheet[hidden]{position:static;display:block!important}
.sheet h2{display:block;font-size:13pt;break-after:avoid}
.sheet svg{width:var(--printed,min(100%,calc(var(--w)*.72)));height:auto}
.sheet[data-pages] h2::after{content:" " attr(data-pages);font-size:9pt;font-weight:400}}
)css";

}  // namespace hone::ship::drawing
