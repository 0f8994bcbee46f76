"""The app and the policy that these tests serve."""

from corserver import App, Policy, Request, Response

SITE = "https://site.example"
OTHER = "https://other.example"
POLICY = Policy(origins=[SITE], methods=["PUT"], headers=["content-type"], expose=["etag"])


def make_app() -> App:
    """Two routes, and no policy."""
    app = App()

    @app.get("/hello")
    async def hello(request: Request) -> Response:
        return Response("hello", headers={"ETag": '"1"', "X-Secret": "1"})

    @app.put("/items/{id}")
    async def put(request: Request) -> dict[str, str]:
        return {"id": request.path_params["id"]}

    return app
