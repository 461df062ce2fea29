// A server that is silent, though its socket is open: the page says so instead of looking as if all went on.

const EVERY = 1000; // ms without a sign of life after which one is asked for
const PATIENCE = 2000; // ms for it to come
const AGAIN = 5000; // ms after which it is asked for once more: the first may have gone with the link

// Calls `say(silent)` when the server falls silent and when it answers again; `ask` asks it for a sign of life. Returns
// what hears a sign, and what ends it all.
function listenForSilence(ask, say) {
  let [heard, looked, asked, tried, silent] = [performance.now(), performance.now(), 0, 0, false];

  function hear() {
    [heard, asked, tried] = [performance.now(), 0, 0];
    if (silent) say((silent = false));
  }

  function look() {
    const now = performance.now();
    const slept = now - looked > 3 * EVERY; // a page in the background, or a computer: it would not have heard either
    looked = now;
    if (document.hidden || slept) return hear();
    if (now - heard < EVERY) return;
    if (!tried || now - tried >= AGAIN) {
      tried = now;
      ask();
    }
    if (!asked) asked = now;
    if (!silent && now - asked >= PATIENCE) say((silent = true));
  }

  const timer = setInterval(look, EVERY / 2);
  document.addEventListener("answered", hear); // by a picture of the run
  return [hear, () => {
    clearInterval(timer);
    document.removeEventListener("answered", hear);
  }];
}
