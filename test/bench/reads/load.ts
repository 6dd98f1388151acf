/** A client that asks as fast as it is answered: `load.ts URL PATH SECONDS CONNECTIONS`, answers requests per second. */
import { connect } from "node:net";

const [url = "", path = "/", seconds = "1", connections = "1"] = process.argv.slice(2);
const { hostname, port, host } = new URL(url);
const request = `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nAccept: application/json\r\n\r\n`;
const HEAD_END = Buffer.from("\r\n\r\n");
let answered = 0;

const sockets = Array.from({ length: Number(connections) }, () => {
  const socket = connect({ host: hostname, port: Number(port), noDelay: true });
  let head = Buffer.alloc(0);
  /** Bytes of the body still to come; negative while the head is read. */
  let missing = -1;
  socket.on("connect", () => socket.write(request));
  socket.on("data", (chunk) => {
    let rest = chunk;
    if (missing < 0) {
      head = Buffer.concat([head, chunk]);
      const end = head.indexOf(HEAD_END);
      if (end === -1) return;
      const text = head.subarray(0, end).toString("latin1");
      if (!text.startsWith("HTTP/1.1 200")) throw new Error(text);
      missing = Number(/^content-length: (\d+)$/im.exec(text)?.[1] ?? Number.NaN);
      if (Number.isNaN(missing)) throw new Error(`no content-length: ${text}`);
      rest = head.subarray(end + HEAD_END.length);
      head = Buffer.alloc(0);
    }
    missing -= rest.length;
    if (missing > 0) return;
    answered += 1;
    missing = -1;
    socket.write(request);
  });
  return socket;
});

const WARM_UP_MS = 200;
await new Promise((done) => setTimeout(done, WARM_UP_MS));
answered = 0;
const began = performance.now();
await new Promise((done) => setTimeout(done, Number(seconds) * 1000));
process.send?.(answered / ((performance.now() - began) / 1000));
for (const socket of sockets) socket.destroy();
process.disconnect?.();
