// Light or dark as Airflow is, before anything is painted. The page is in a frame of Airflow's own origin.
(() => {
  const outer = () => {
    try {
      return window.parent === window ? null : window.parent.document.documentElement;
    } catch {
      return null;
    }
  };
  const preferred = window.matchMedia("(prefers-color-scheme: dark)");
  const follow = () => {
    const root = outer();
    const dark = root ? root.classList.contains("dark") : preferred.matches;
    document.documentElement.dataset.theme = dark ? "dark" : "light";
  };
  follow();
  preferred.addEventListener("change", follow);
  const root = outer();
  if (root) new MutationObserver(follow).observe(root, { attributes: true, attributeFilter: ["class"] });
})();
