// Prints, as JSON, the adapter that unfold takes, for find_adapter.mjs: in a process of its own, since the environment that
// decides about drivers is read once. With an argument, only an adapter of this name.
import { chooseAdapter } from "../../../dist/engine/node/adapter.js";
import { bundledDriver } from "../../../dist/engine/node/bundled_driver.js";
import { installedAdapters } from "../../../dist/engine/node/drivers.js";

try {
  const [, , name] = process.argv;
  const { info } = await chooseAdapter(name === undefined ? {} : { adapter: name });
  const { loader } = await installedAdapters();
  console.log(JSON.stringify({ ...info, loader, bundled: await bundledDriver() }));
  process.exit(0);
} catch (error) {
  console.error(error.message);
  process.exit(1);
}
