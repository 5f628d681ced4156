"use strict";
// Calls, records and refusals, anew every two seconds while the page can be seen. Forms are not touched.
setInterval(async () => {
  if (document.hidden) return;
  const answer = await fetch("/watch").catch(() => null);
  if (answer && answer.ok) document.getElementById("watch").innerHTML = await answer.text();
}, 2000);
