#include "ship/report/style.h"

namespace hone::ship::report {

const char* const script = R"js(
for (const table of document.querySelectorAll('table.sortable')) {
  const head = Array.from(table.tHead.rows[0].cells), body = table.tBodies[0];
  const key = (row, i) => row.cells[i].dataset.sort ?? row.cells[i].textContent;
  const sort = (i) => {
    const rows = Array.from(body.rows), numbers = rows.every((r) => !isNaN(parseFloat(key(r, i))));
    const was = head[i].getAttribute('aria-sort');
    const up = was ? was === 'descending' : !numbers;
    const order = (a, b) => numbers ? parseFloat(key(a, i)) - parseFloat(key(b, i))
                                    : key(a, i).localeCompare(key(b, i));
    rows.sort((a, b) => up ? order(a, b) : order(b, a));
    for (const h of head) h.removeAttribute('aria-sort');
    head[i].setAttribute('aria-sort', up ? 'ascending' : 'descending');
    body.append(...rows);
  };
  head.forEach((th, i) => {
    const button = document.createElement('button');
    button.type = 'button';
    button.textContent = th.textContent;
    button.addEventListener('click', () => sort(i));
    th.replaceChildren(button);
  });
}
)js";

const char* const script_hash = "DdUpaO4CXnvTo85t1xXOUSD/+F6Jjncrjz/2U06U7fE=";

}  // namespace hone::ship::report
