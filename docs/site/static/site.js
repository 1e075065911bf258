// What theme and gallery leave out for those who read by keys or by ear.
document.addEventListener("DOMContentLoaded", () => {
  document.querySelectorAll("[role=heading]:not([aria-level])").forEach((one) => one.setAttribute("aria-level", "2"));
  document.querySelector("aside.sidebar-drawer")?.setAttribute("aria-label", "All pages");
  document.querySelector("aside.toc-drawer")?.setAttribute("aria-label", "This page");
  document.querySelectorAll("pre, .table-wrapper").forEach((one) => {
    if (one.scrollWidth > one.clientWidth || one.scrollHeight > one.clientHeight) one.tabIndex = 0;
  });
  document.querySelectorAll(".sphx-glr-thumbcontainer").forEach((one) => {
    const title = one.querySelector(".sphx-glr-thumbnail-title")?.textContent ?? "";
    one.querySelectorAll("a").forEach((link) => link.setAttribute("aria-label", title));
  });
});
