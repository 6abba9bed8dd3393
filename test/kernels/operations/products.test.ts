import { checkOperations } from "./check_operations.ts";
import { GROUPS } from "./groups.ts";

await checkOperations(GROUPS.products);
