// A clock that goes on while the page is hidden; pages themselves are slowed down then.

let timer = 0;

onmessage = ({ data: everyMs }) => {
  clearInterval(timer);
  timer = everyMs > 0 ? setInterval(() => postMessage(0), everyMs) : 0;
};
