import { checkOperations } from "./check_operations.ts";
import { others } from "./groups.ts";

await checkOperations(others());
