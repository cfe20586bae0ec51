"""What people of a workspace say for what its configurations are called."""

from typing import Annotated

from fastapi import APIRouter, Path

from central_config.access.model import Caller
from central_config.assistant.model.language.synonyms import BUILT_IN
from central_config.assistant.routes.switch import ONLY_IF_ENABLED
from central_config.assistant.service.synonyms import Synonyms
from central_config.assistant.store.synonyms import Synonym
from central_config.assistant.wire.synonyms import SynonymIn, SynonymList, SynonymOut
from central_config.core.web import Text, provided, requires

router = APIRouter(tags=["assistant"], dependencies=ONLY_IF_ENABLED)

Reader = Annotated[Caller, requires("config.read")]
Manager = Annotated[Caller, requires("schema.manage")]
Service = Annotated[Synonyms, provided(Synonyms)]
Said = Annotated[Text, Path(min_length=1, max_length=64, description="One word or a few")]


@router.get("/workspaces/{workspace}/synonyms")
async def list_synonyms(caller: Reader, service: Service) -> SynonymList:
    """List what questions are read with: the workspace's own, and what comes with the service."""
    own = [SynonymOut.of(each) for each in await service.own(caller)]
    known = {each.said for each in own}
    given = [
        SynonymOut.of(Synonym(said, tuple(words)), built_in=True)
        for said, words in BUILT_IN.items()
        if said not in known
    ]
    return SynonymList(items=sorted([*own, *given], key=lambda each: each.said))


@router.put("/workspaces/{workspace}/synonyms/{said:path}")
async def save_synonym(
    said: Said, caller: Manager, service: Service, body: SynonymIn
) -> SynonymOut:
    """Say what something may stand for in questions about this workspace."""
    return SynonymOut.of(await service.save(caller, said, body.words))


@router.delete("/workspaces/{workspace}/synonyms/{said:path}", status_code=204)
async def delete_synonym(said: Said, caller: Manager, service: Service) -> None:
    """Forget one of the workspace's own."""
    await service.remove(caller, said)
