import { IMAGES, LOCATIONS, SERVER_TYPES } from "../catalogue";
import { page } from "../request/list";
import { showImage, showLocation, showServerType } from "../show";
import { find, type Handler, ok } from "./handler";

/** What is there to choose from; nobody can change it. */
export const listLocations: Handler = ({ query }) => ok(page("locations", LOCATIONS, query, showLocation));
export const getLocation: Handler = ({ ids: [id] }) => ok({ location: showLocation(find(LOCATIONS, id, "location")) });

export const listServerTypes: Handler = ({ twin, query }) =>
  ok(page("server_types", SERVER_TYPES, query, (type) => showServerType(type, twin.state)));
export const getServerType: Handler = ({ twin, ids: [id] }) =>
  ok({ server_type: showServerType(find(SERVER_TYPES, id, "server_type"), twin.state) });

export const listImages: Handler = ({ query }) =>
  ok(
    page("images", IMAGES, query, showImage, {
      architecture: ({ architecture }, wanted) => wanted.includes(architecture),
      type: (_, wanted) => wanted.includes("system"),
      status: (_, wanted) => wanted.includes("available"),
      bound_to: () => false,
      include_deprecated: () => true,
    }),
  );
export const getImage: Handler = ({ ids: [id] }) => ok({ image: showImage(find(IMAGES, id, "image")) });
