(() => {
  const form = document.querySelector(".filter");
  const checks = [...document.querySelectorAll(".check")];
  const told = document.getElementById("shown");
  const show = () => {
    const statuses = new Set([...form.querySelectorAll("input:checked")].map((box) => box.value));
    const words = form.querySelector("[type=search]").value.trim().toLowerCase();
    let count = 0;
    for (const check of checks) {
      const fits = statuses.has(check.dataset.status) && check.textContent.toLowerCase().includes(words);
      check.hidden = !fits;
      count += fits;
    }
    told.textContent = `${count} of ${checks.length} checks are shown`;
  };
  const reveal = () => {
    const check = checks.find((each) => each.id && `#${each.id}` === decodeURIComponent(location.hash));
    if (check) {
      check.hidden = false;
      check.querySelector("details").open = true;
      check.scrollIntoView();
    }
  };
  const button = form.querySelector("button");
  const toggle = () => {
    const open = button.getAttribute("aria-expanded") === "false";
    button.setAttribute("aria-expanded", String(open));
    button.textContent = open ? "Close all" : "Open what is shown";
    for (const check of checks) check.querySelector("details").open = open && !check.hidden;
  };
  button.addEventListener("click", toggle);
  form.hidden = false;
  form.addEventListener("input", show);
  form.addEventListener("submit", (event) => event.preventDefault());
  addEventListener("hashchange", reveal);
  addEventListener("beforeprint", () => document.querySelectorAll("details").forEach((each) => { each.open = true; }));
  show();
  reveal();
})();
